import { parseConfig } from "../../../src/config/document.ts";
import { readJob, type RunValues } from "../../../src/config/read-job.ts";
import type { Job } from "../../../src/config/job.ts";
import { MillraceError } from "../../../src/core/errors.ts";

/** The least that a job needs. */
export const minimal = `name: orders
source: { type: file, path: orders.csv }
sink: { type: file, path: orders.jsonl }
`;

/** The job in a YAML text that stands in `jobs/orders.yaml`. */
export function readYaml(text: string, values: RunValues = { environment: {} }): Job {
  const document = parseConfig(text, "orders.yaml", "yaml");
  return readJob({ ...document, label: "orders.yaml", file: "/jobs/orders.yaml", baseDir: "/jobs" }, values);
}

/** What an action throws, as its code and its lines. */
export function faultOf(action: () => unknown): { code: string; lines: string[]; error: MillraceError } {
  try {
    action();
  } catch (error) {
    if (error instanceof MillraceError) return { code: error.code, lines: error.message.split("\n"), error };
    throw error;
  }
  throw new MillraceError("INVARIANT", "nothing was thrown");
}
