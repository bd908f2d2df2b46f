/** What a run loads before its first record: only what this job needs. */
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Project } from "../support/project.ts";

const hook = path.join(import.meta.dirname, "../support/fixtures/modules-loaded.mjs");

let project: Project;
beforeEach(() => {
  project = new Project();
});
afterEach(() => project[Symbol.dispose]());

/** Packages, and modules of ours as paths below src, that a command loads in the main thread. */
async function loadedBy(
  args: readonly string[],
): Promise<{ readonly packages: readonly string[]; readonly own: readonly string[] }> {
  const { code, err } = await project.run(args, {
    NODE_OPTIONS: `--import=${hook}`,
    MODULES_LOADED: project.path("modules.txt"),
  });
  expect(code, err).toBe(0);
  const urls = project.read("modules.txt").split("\n").filter(Boolean);
  const packages = urls.flatMap(
    (url) => /\/node_modules\/(?<name>(?:@[^/]+\/)?[^/]+)\//.exec(url)?.groups?.["name"] ?? [],
  );
  const own = urls.flatMap((url) => /\/src\/(?<name>.*)$/.exec(url)?.groups?.["name"] ?? []);
  return { packages: [...new Set(packages)].toSorted(), own };
}

describe("start-up", () => {
  test("a run from CSV to JSON lines loads no client of a server, no printer, no metrics", async () => {
    project.write("in.csv", "id,name\n1,a\n");
    const job = project.job({ source: { type: "file", path: "in.csv" }, sink: { type: "file", path: "out.jsonl" } });
    const { packages, own } = await loadedBy(["run", job, "--quiet"]);
    expect(packages).toEqual(["commander", "piscina", "yaml", "zod"]);
    const unneeded = own.filter((name) =>
      /^(?:connectors\/(?!file\/|catalog|\w+\/(?:\w+-)?options)|postgres\/|cli\/(?:init|dry-run)\/)/.test(name),
    );
    expect(unneeded).toEqual([]);
    expect(own.filter((name) => /logger|metric|progress-bar|summary\.ts|state\/sqlite\/worker/.test(name))).toEqual([]);
  });

  test("help loads nothing but the command line", async () => {
    const { packages, own } = await loadedBy(["run", "--help"]);
    expect(packages).toEqual(["commander"]);
    expect(own.every((name) => /^(?:cli|core|observability\/(?:redact|package-version))/.test(name))).toBe(true);
  });
});
