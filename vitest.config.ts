import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { setEngineFlags } from "./src/cli/engine-flags.ts";

// The threads of the tests call `fetch` as those of jobs do.
setEngineFlags();

const source = (path: string) => fileURLToPath(new URL(`src/${path}`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^millrace$/, replacement: source("index.ts") },
      { find: /^millrace\/actors$/, replacement: source("runtime/index.ts") },
      { find: /^millrace\/batch$/, replacement: source("batch/index.ts") },
      { find: /^millrace\/connectors$/, replacement: source("spi/index.ts") },
      { find: /^millrace\/http$/, replacement: source("http/index.ts") },
      { find: /^millrace\/streams$/, replacement: source("streams/index.ts") },
      { find: /^millrace\/testing$/, replacement: source("testing/index.ts") },
    ],
  },
  test: {
    globalSetup: ["test/support/assert-node.ts", "test/support/compiled-assembly.ts"],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts", "test/property/**/*.test.ts", "test/conformance/**/*.test.ts"],
          pool: "threads",
          // Nothing here waits for a clock; a slow machine is no failure.
          testTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "simulation",
          include: ["test/simulation/**/*.test.ts"],
          pool: "threads",
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: ["integration", "e2e", "chaos", "fuzz"].map((folder) => `test/${folder}/**/*.test.ts`),
          pool: "forks",
          fileParallelism: false,
          globalSetup: ["test/support/kafka/shared-broker-setup.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      exclude: ["src/**/assembly/**"],
      reporter: ["text-summary", "html", "json-summary"],
      thresholds: {
        "src/core/**/*.ts": { lines: 90 },
        "src/runtime/**/*.ts": { lines: 90 },
        "src/actors/**/*.ts": { lines: 90 },
        "src/formats/**/*.ts": { lines: 90 },
      },
    },
  },
});
