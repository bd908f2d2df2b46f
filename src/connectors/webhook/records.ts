/** The records of a body: where each begins and ends. Their bytes stay as they were sent. */
import { searchJson } from "../http/source/json-search.ts";

/** How bodies are read. */
export type BodyFormat = "json" | "jsonl";

const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Begins and ends in turn. */
export type RecordBorders = readonly number[] | Int32Array;

/** Finds the records of a body. What is no JSON is one record, or a line is, and becomes a reject when it is read. */
export function bordersOf(body: Buffer, format: BodyFormat): RecordBorders {
  return format === "json" ? elementsOf(body) : linesOf(body);
}

function elementsOf(body: Buffer): RecordBorders {
  const search = searchJson(body, [{ steps: [], elements: true }]);
  const place = search.kind === "found" ? search.places[0] : undefined;
  if (place === undefined) return [0, body.length];
  return place.elements ?? [place.begin, place.end];
}

/** Lines without those of blanks; a carriage return before a line's end is none of it. */
function linesOf(body: Buffer): RecordBorders {
  const borders: number[] = [];
  const marked = body.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
  for (let begin = marked ? BYTE_ORDER_MARK.length : 0; begin < body.length; ) {
    const feed = body.indexOf(LF, begin);
    const behind = feed === -1 ? body.length : feed;
    const end = behind > begin && body[behind - 1] === CR ? behind - 1 : behind;
    if (!isBlank(body, begin, end)) borders.push(begin, end);
    begin = behind + 1;
  }
  return borders;
}

function isBlank(body: Buffer, begin: number, end: number): boolean {
  for (let at = begin; at < end; at++) if (body[at] !== SPACE && body[at] !== TAB && body[at] !== CR) return false;
  return true;
}
