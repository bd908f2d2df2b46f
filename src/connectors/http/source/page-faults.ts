/** What is wrong with the body of a page, in words. */
import { MillraceError } from "../../../core/errors.ts";
import { pointerSteps } from "../json-pointer.ts";
import type { PageBody } from "./page-body.ts";

/** Bytes of a body that a message shows. */
const EXCERPT_BYTES = 80;
/** Bytes around it that are looked at for secrets. */
const MARGIN_BYTES = 1024;
/** Names of an object's members that a message shows. */
const MOST_NAMES = 8;

/** A body that ends before its JSON does although the transfer was whole: somebody in between has cut it. */
export function cutBody(where: string, bytes: number): MillraceError {
  const what =
    bytes === 0 ? "the reply is empty, and JSON was expected" : `the reply ends within its JSON, after ${bytes} bytes`;
  return new MillraceError("SOURCE_UNAVAILABLE", `${where}: ${what}`);
}

/** A body that is something else. */
export function noJson({ where, bytes: body, type, hide }: PageBody, at: number): MillraceError {
  const line = countLines(body, at) + 1;
  const said = type === undefined ? "" : `; the server calls it ${type}`;
  const hint = /^\s*</.test(body.toString("latin1", 0, EXCERPT_BYTES))
    ? "a login page or a proxy may have answered: look at source.url and source.auth"
    : "for one JSON value a line set source.format to jsonl";
  return new MillraceError(
    "SOURCE_FAILED",
    `${where}: the reply is not JSON at byte ${at} (line ${line}): ${excerpt(body, at, hide)}${said}; ${hint}`,
  );
}

/** A body without records where they were said to be. */
export function noRecords(where: string, body: Buffer, pointer: string | undefined): MillraceError {
  const value = parsed(body);
  if (pointer === undefined || pointer === "") {
    return new MillraceError(
      "SOURCE_FAILED",
      `${where}: the reply is ${describe(value)}, and an array of records was expected; set source.records to the JSON pointer of ` +
        "the records in it, such as /data",
    );
  }
  return new MillraceError("SOURCE_FAILED", `${where}: source.records: ${whatIsAt(pointer, value)}`);
}

/** How far the pointer leads, and what is there. */
function whatIsAt(pointer: string, value: unknown): string {
  let at = value;
  let way = "";
  for (const name of pointerSteps(pointer)) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) {
      const holder = way === "" ? "the reply" : way;
      return `nothing stands at ${pointer}: ${holder} is ${describe(at)}`;
    }
    at = (at as Record<string, unknown>)[name];
    way += `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  }
  return `${pointer} is ${describe(at)}, and an array of records or one object was expected`;
}

/** What lies beside the way to the records was not looked into and may be no JSON. */
function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8").replace(/^\uFEFF/, "")) as unknown;
  } catch {
    return undefined;
  }
}

function describe(value: unknown): string {
  if (value === undefined) return "no JSON throughout";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return `a ${typeof value}`;
  const names = Object.keys(value);
  if (names.length === 0) return "an empty object";
  const more = names.length > MOST_NAMES ? ", ..." : "";
  return `an object with ${names.slice(0, MOST_NAMES).join(", ")}${more}`;
}

/** Half of a secret could stand at its edge, so nothing is shown where one is near. */
function excerpt(body: Buffer, at: number, hide: (text: string) => string): string {
  const begin = Math.max(0, Math.min(at, body.length - 1) - EXCERPT_BYTES / 4);
  const end = begin + EXCERPT_BYTES;
  const around = body.toString("utf8", Math.max(0, begin - MARGIN_BYTES), end + MARGIN_BYTES);
  if (hide(around) !== around) return "(not shown, since it repeats a secret that the server was sent)";
  return JSON.stringify(body.toString("utf8", begin, end));
}

function countLines(body: Buffer, until: number): number {
  let lines = 0;
  for (let at = body.indexOf(10); at !== -1 && at < until; at = body.indexOf(10, at + 1)) lines++;
  return lines;
}
