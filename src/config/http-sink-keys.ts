/** Keys of an HTTP sink that mean something only together. */
import { valueAt, type ValuePath } from "./place.ts";
import type { Finding } from "./problem.ts";
import { sinkPaths } from "./sink-places.ts";

/** A key that stands there in vain, or whose companion is missing. */
interface Contradiction {
  readonly at: readonly string[];
  readonly isWrong: (valueOf: (...path: readonly string[]) => unknown) => boolean;
  readonly message: string;
}

const CONTRADICTIONS: readonly Contradiction[] = [
  {
    at: ["adaptive"],
    isWrong: (valueOf) => valueOf("adaptive") === true && (valueOf("concurrency") ?? 1) === 1,
    message: "finds a number of requests up to `concurrency`, which is 1; set concurrency to the most there may be",
  },
  {
    at: ["response"],
    isWrong: (valueOf) => valueOf("response") !== undefined && valueOf("batch") === undefined,
    message: "says what became of the records of a batch; set batch, or leave it out: the status says it of one record",
  },
  {
    at: ["response"],
    isWrong: (valueOf) =>
      valueOf("response") !== undefined &&
      valueOf("response", "status") === undefined &&
      valueOf("response", "error") === undefined,
    message: "missing; give status or error, by which a record is known to be refused",
  },
  {
    at: ["response", "missing"],
    isWrong: (valueOf) => valueOf("response", "missing") === "taken" && valueOf("response", "index") === undefined,
    message: "taken: without index nobody knows which records have no answer; give index",
  },
];

/** Of every HTTP sink of a job. */
export function httpSinkFindings(config: unknown): Finding[] {
  return sinkPaths(config)
    .filter((at) => valueAt(config, [...at, "type"]) === "http")
    .flatMap((at) => findingsAt(at, config));
}

function findingsAt(at: ValuePath, config: unknown): Finding[] {
  const valueOf = (...path: readonly string[]): unknown => valueAt(config, [...at, ...path]);
  return CONTRADICTIONS.filter(({ isWrong }) => isWrong(valueOf)).map((wrong) => ({
    code: "CONFIG_INVALID",
    path: [...at, ...wrong.at],
    at: "key",
    message: wrong.message,
  }));
}
