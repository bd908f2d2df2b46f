/** The records of a JSON file: one a line, or the elements of one array. */

/** How JSON files hold records. */
export type JsonShape = "jsonl" | "json";

/** A record that is an object. */
export type JsonRecord = { readonly [field: string]: unknown };

const LINES_LOOKED_AT = 3;
/** A single line longer than this is rather one document than the first record of many. */
const LARGE_RECORD = 1024;
const HEAD_BYTES = 1024 * 1024;

/** How the file that begins with `head` holds JSON records; `none`: it is JSON and holds none; null: it is no JSON. */
export function jsonShapeOf(head: Buffer): JsonShape | "none" | null {
  const text = head.toString("utf8", 0, HEAD_BYTES).trimStart();
  if (text.startsWith("{")) return linesParse(text) ? "jsonl" : "none";
  if (!text.startsWith("[")) return null;
  return /^\[\s*\{/.test(text) ? "json" : "none";
}

/**
 * The records in a stretch of the file.
 *
 * @param isHead whether the stretch begins the file; an array can only be read from there
 */
export function jsonRecords(piece: Buffer, shape: JsonShape, isHead: boolean): JsonRecord[] {
  const text = piece.toString("utf8");
  if (shape === "jsonl") return text.split("\n").flatMap(parsed);
  return isHead ? elements(text) : [];
}

/** One object alone on a single line is a document, and so is one over many lines. */
function linesParse(text: string): boolean {
  const lines = text.split("\n", LINES_LOOKED_AT + 1).filter((line) => line.trim() !== "");
  // The last one may have been cut off.
  const complete = lines.length > 1 ? lines.slice(0, -1) : lines;
  return complete.every((line) => parsed(line).length === 1) && (lines.length > 1 || text.length < LARGE_RECORD);
}

function parsed(text: string): JsonRecord[] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? [value as JsonRecord] : [];
  } catch {
    return [];
  }
}

/** The objects of an array whose end may be missing. */
function elements(text: string): JsonRecord[] {
  const records: JsonRecord[] = [];
  let [depth, begin, inText] = [0, 0, false];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (inText) {
      if (character === "\\") at++;
      else if (character === '"') inText = false;
    } else if (character === '"') inText = true;
    else if (character === "{" || character === "[") {
      if (++depth === 2 && character === "{") begin = at;
    } else if ((character === "}" || character === "]") && --depth === 1 && character === "}") {
      records.push(...parsed(text.slice(begin, at + 1)));
    }
  }
  return records;
}
