/** What must hold before anything is committed, quickest first; `npm test` adds the other suites. */
import type { Step } from "./steps.ts";

const step = (name: string, command: string, ...args: string[]): Step => ({ name, command, args });

/** The gate without its tests. */
export const checks: readonly Step[] = [
  step("format", "biome", "format", "--reporter=summary", "."),
  step("lint", "oxlint", "--type-aware", "--deny-warnings"),
  step("types", "tsc", "-p", "tsconfig.json"),
  step("unused code", "knip", "--no-config-hints"),
  step("licences", "node", "scripts/licences.ts"),
  step("build", "node", "scripts/build.ts"),
  step("package", "publint", "--strict"),
  step("package types", "attw", "--pack", ".", "--profile", "esm-only"),
];

export const unitTests: Step = step("unit tests", "vitest", "run", "--project", "unit", "--reporter", "dot");
