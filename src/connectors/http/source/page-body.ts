/** Takes the body of a page apart: where its records stand, and what it says about the next page. */
import { pointerSteps } from "../json-pointer.ts";
import type { HttpSourceOptions } from "../source-options.ts";
import { ElementBorders } from "./element-borders.ts";
import { type JsonPlace, searchJson } from "./json-search.ts";
import { cutBody, noJson, noRecords } from "./page-faults.ts";

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const OPEN_ARRAY = 91;
const OPEN_OBJECT = 123;
const LETTER_N = 110;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const NONE = new Int32Array(0);

/** What a page's body holds. */
export interface PageContent {
  /** Begin and end of each record in turn. */
  readonly borders: Int32Array;
  /** What stands at `pagination.next`, as JSON text. */
  readonly next: string | undefined;
}

/** A body that came. */
export interface PageBody {
  readonly bytes: Buffer;
  /** Its content-type. */
  readonly type: string | undefined;
  /** For messages: the source and the page. */
  readonly where: string;
  /** Takes secrets out of what is shown of it. */
  readonly hide: (text: string) => string;
}

/** Reads a body. @throws MillraceError SOURCE_UNAVAILABLE when it is cut, SOURCE_FAILED when it is something else */
export type BodyReader = (body: PageBody) => PageContent;

/** The reader of a source's replies. */
export function bodyReader({ format, records, pagination }: HttpSourceOptions): BodyReader {
  if (format === "jsonl") return ({ bytes }) => ({ borders: lineBorders(bytes), next: undefined });
  const wishes = [records ?? "", ...(pagination.next === undefined ? [] : [pagination.next])].map((pointer, index) => ({
    steps: pointerSteps(pointer),
    elements: index === 0,
  }));
  return (body) => {
    const { bytes, where } = body;
    const search = searchJson(bytes, wishes);
    if (search.kind === "cut") throw cutBody(where, bytes.length);
    if (search.kind === "invalid") throw noJson(body, search.at);
    const [found, next] = search.places;
    return { borders: recordsAt(found, body, records), next: next === undefined ? undefined : textAt(next, body) };
  };
}

function recordsAt(place: JsonPlace | undefined, { bytes, where }: PageBody, pointer: string | undefined): Int32Array {
  const first = place === undefined ? undefined : bytes[place.begin];
  if (first === OPEN_ARRAY) return place?.elements ?? NONE;
  if (first === LETTER_N) return NONE;
  // Of a reply whose records nobody pointed at an object is more often their wrapping than the one record.
  if (place === undefined || first !== OPEN_OBJECT || pointer === undefined) throw noRecords(where, bytes, pointer);
  return Int32Array.of(place.begin, place.end);
}

/** The one value that is read here; others are left to whoever decodes them. */
function textAt({ begin, end }: JsonPlace, body: PageBody): string {
  const text = body.bytes.toString("utf8", begin, end);
  try {
    JSON.parse(text);
    return text;
  } catch {
    throw noJson(body, begin);
  }
}

/** One record a line; blank lines are none, and line ends and a byte order mark no part of one. */
function lineBorders(bytes: Buffer): Int32Array {
  const borders = new ElementBorders();
  const start = bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  for (let begin = start; begin < bytes.length; ) {
    const feed = bytes.indexOf(LINE_FEED, begin);
    const behind = feed === -1 ? bytes.length : feed;
    const end = behind > begin && bytes[behind - 1] === CARRIAGE_RETURN ? behind - 1 : behind;
    if (!isBlank(bytes, begin, end)) borders.add(begin, end);
    begin = behind + 1;
  }
  return borders.taken;
}

function isBlank(bytes: Buffer, begin: number, end: number): boolean {
  for (let at = begin; at < end; at++) if ((bytes[at] as number) > SPACE) return false;
  return true;
}
