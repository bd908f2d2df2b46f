/** Mistakes in a job: each with its place, all reported together. */
import { MillraceError, type ErrorCode } from "../core/errors.ts";
import { pathText, type Places, type ValuePath } from "./place.ts";

/** What is wrong at a path, before anyone knows where that path stands. */
export interface Finding {
  readonly code: Extract<ErrorCode, "CONFIG_INVALID" | "VARIABLE_UNSET" | "NOT_BUILT">;
  readonly path: ValuePath;
  /** Whether the key is at fault or its value. */
  readonly at: "key" | "value";
  readonly message: string;
}

/** One mistake with its place, as `details.problems` of the error lists it. */
export interface Problem {
  readonly code: ErrorCode;
  /** As the user spelled it; `defineJob` for a job that stands in no file. */
  readonly file: string;
  /** Counted from 1; null where the place is not known. */
  readonly line: number | null;
  readonly column: number | null;
  /** The key's path, `sink.mode`; empty for the job as a whole. */
  readonly path: string;
  readonly message: string;
}

/** Puts a finding in its place: its own, or that of the nearest parent that has one. */
export function locate(finding: Finding, file: string, places: Places): Problem {
  const place = placeOf(finding, places);
  return {
    code: finding.code,
    file,
    line: place?.line ?? null,
    column: place?.column ?? null,
    path: pathText(finding.path),
    message: finding.message,
  };
}

/**
 * The one error of several problems: a line each, file by file in their order.
 *
 * Its code is that of the problems when they agree, else CONFIG_INVALID.
 */
export function problemsError(problems: readonly Problem[]): MillraceError {
  const files = [...new Set(problems.map(({ file }) => file))];
  const ordered = problems.toSorted(
    (a, b) =>
      files.indexOf(a.file) - files.indexOf(b.file) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0) ||
      a.path.localeCompare(b.path),
  );
  const codes = new Set(problems.map(({ code }) => code));
  const [only = "CONFIG_INVALID"] = codes;
  const code = codes.size === 1 ? only : "CONFIG_INVALID";
  return new MillraceError(code, ordered.map(problemText).join("\n"), { details: { problems: ordered } });
}

/** The problems that an error lists; one of its own for an error that speaks of a file as a whole. */
export function problemsOf({ code, message, details }: MillraceError, file: string): readonly Problem[] {
  if (Array.isArray(details["problems"])) return details["problems"] as Problem[];
  const reason = message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message;
  return [{ code, file, line: null, column: null, path: "", message: reason }];
}

/** `file:line:column: path: message`, without the parts that are not known. */
export function problemText({ file, line, column, path, message }: Problem): string {
  const place = line === null ? file : `${file}:${line}:${column ?? 1}`;
  return path === "" ? `${place}: ${message}` : `${place}: ${path}: ${message}`;
}

function placeOf({ path, at }: Finding, places: Places) {
  const own = at === "key" ? (places.key(path) ?? places.value(path)) : (places.value(path) ?? places.key(path));
  if (own !== undefined) return own;
  for (let length = path.length - 1; length >= 0; length--) {
    const parent = path.slice(0, length);
    const place = places.key(parent) ?? places.value(parent);
    if (place !== undefined) return place;
  }
  return undefined;
}
