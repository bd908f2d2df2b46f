/** Gives an error that a connector met the place of the key it speaks of. */
import { isMillraceError, MillraceError } from "../core/errors.ts";
import type { Job } from "./job.ts";
import type { Place, ValuePath } from "./place.ts";
import { type Problem, problemText } from "./problem.ts";

/**
 * The same error with `file:line:column` before its message and `details.problems`, if its message begins with the path of a
 * key that stands in the job's file; else the error as it is.
 *
 * @example
 * placeError(error, job).message; // "config/orders.yaml:4:12: source.path: no file matches ../data/order-*.csv"
 */
export function placeError(thrown: unknown, job: Job): unknown {
  if (!isMillraceError(thrown) || thrown.fault !== "usage" || "problems" in thrown.details) return thrown;
  const {
    key = "",
    rest,
    message = "",
  } = /^(?<key>source|sinks?|rejects|columns|select|rename|transform)(?:\.(?<rest>[^:\n]+))?: (?<message>.*)$/s.exec(
    thrown.message,
  )?.groups ?? {};
  const place = pathsOf(key, rest, job)
    .map((path) => placeOf(path, job))
    .find((found) => found !== undefined);
  if (place === undefined) return thrown;
  const path = rest === undefined ? key : `${key}.${rest}`;
  const problem: Problem = { code: thrown.code, file: job.definition.label, ...place, path, message };
  return new MillraceError(thrown.code, problemText(problem), {
    cause: thrown,
    fault: thrown.fault,
    details: { ...thrown.details, problems: [problem] },
  });
}

/** The paths that a message may mean, most exact first: a column's name may hold dots, a sink may have a name of its own. */
function pathsOf(key: string, rest: string | undefined, { sinks }: Job): ValuePath[] {
  const heads = key === "sink" ? [["sink"], ...Object.keys(sinks).map((name) => ["sinks", name])] : [[key]];
  if (rest === undefined) return heads;
  const steps = rest.split(".");
  return [
    ...heads.flatMap((head) => [
      [...head, rest],
      [...head, ...steps],
    ]),
    ...heads,
  ];
}

function placeOf(path: ValuePath, { definition }: Job): Place | undefined {
  return definition.places.value(path) ?? definition.places.key(path);
}
