/**
 * Says what a record is that the scanner halted at: malformed, too large, or only cut by the end of the bytes.
 *
 * A record is judged by its first `maxRecordBytes` + 1 bytes alone (the last of them may be its line feed), so the
 * verdict is the same wherever the chunks are cut. A malformed record ends at the next line end behind the fault.
 */
import type { RecordFault } from "../../core/ports/format.ts";
import { behindLine, textEnd } from "../lines.ts";
import type { Halt, RecordScanner } from "./record-scanner.ts";

/** What is judged. */
export interface JudgeRequest {
  readonly bytes: Buffer;
  readonly start: number;
  readonly final: boolean;
  readonly truncated: boolean;
  /** Nothing was taken from these bytes yet, so that not deciding would not get anyone further. */
  readonly first: boolean;
  readonly maxRecordBytes: number;
  readonly names: readonly string[];
}

/** A verdict. */
export interface Verdict {
  /** Why it is no record; absent for a comment that was cut. */
  readonly fault?: RecordFault;
  /** Offset behind its last byte, without the line end. */
  readonly stop: number;
  /** Where the next record begins. */
  readonly next: number;
}

/** The verdict on the record at `start`, or null if more bytes are needed for one. */
export function judge(scanner: RecordScanner, request: JudgeRequest): Verdict | null {
  const { bytes, start, final, truncated, first, maxRecordBytes } = request;
  const { length } = bytes;
  const bound = Math.min(length, start + maxRecordBytes + 1);
  const closed = final && bound === length;
  scanner.scan({ bytes, begin: start, end: bound, closed }, 1);
  const { halt } = scanner;
  const passed = bound - start > maxRecordBytes;
  if (halt.kind === "comment") return truncated ? { stop: length, next: length } : null;
  if (halt.kind === "stray") return faulty(request, halt.at, strayQuote(halt, request));
  if (!passed && !closed && !(truncated && first)) return null;
  if (halt.kind === "open") return faulty(request, halt.at, unclosedQuote(halt, request, passed));
  return faulty(request, bound, tooLarge(maxRecordBytes));
}

/** The verdict on a record that its source framed, and that is not exactly one well-formed record; it ends at `end`. */
export function judgeFramed(
  halt: Halt,
  {
    start,
    end,
    maxRecordBytes,
    names,
  }: { start: number; end: number; maxRecordBytes: number; names: readonly string[] },
): Verdict {
  const verdict = (fault: RecordFault): Verdict => ({ fault, stop: end, next: end });
  if (end - start > maxRecordBytes) return verdict(tooLarge(maxRecordBytes));
  if (halt.kind === "stray") return verdict(strayQuote(halt, { start, names }));
  if (halt.kind === "open") return verdict(unclosedQuote(halt, { names, maxRecordBytes }, false));
  return verdict({
    code: "CSV_FIELD_COUNT",
    message: "more than one line where the source delivers one record: quote a field that holds a line end",
  });
}

/** Ends a malformed record at the line end behind its fault, if that can be seen. */
function faulty(request: JudgeRequest, faultAt: number, fault: RecordFault): Verdict | null {
  const { bytes, start, final, truncated, first, maxRecordBytes } = request;
  const behind = behindLine(bytes, faultAt, bytes.length);
  if (behind !== 0) return { fault, stop: textEnd(bytes, start, behind), next: behind };
  // The bytes may end within another record than the oversized one: that is read again from its beginning.
  const isCut = truncated && (first || bytes.length - start > maxRecordBytes);
  return final || isCut ? { fault, stop: bytes.length, next: bytes.length } : null;
}

/** The fault of a record longer than `maxRecordBytes`. */
function tooLarge(maxRecordBytes: number): RecordFault {
  return {
    code: "RECORD_TOO_LARGE",
    message: `the record is longer than maxRecordBytes (${maxRecordBytes} bytes): raise source.maxRecordBytes if it is meant to be`,
  };
}

/** The fault of a quote, or of what follows one, where it cannot stand. */
function strayQuote(halt: Halt, { start, names }: Pick<JudgeRequest, "start" | "names">): RecordFault {
  const place = `${fieldName(halt.field, names)} (byte ${halt.at - start} of the record)`;
  const message = halt.behindQuotes
    ? `text behind the closing quote of ${place}: a quote that is data must be doubled`
    : `a quote inside the unquoted ${place}: quote the field and double the quote, or set csv.quotes to literal`;
  return { code: "CSV_STRAY_QUOTE", message };
}

/** The fault of a quote that nothing closes. */
function unclosedQuote(
  halt: Halt,
  { names, maxRecordBytes }: Pick<JudgeRequest, "names" | "maxRecordBytes">,
  passed: boolean,
): RecordFault {
  const limit = passed ? `within maxRecordBytes (${maxRecordBytes} bytes)` : "before the end of the input";
  return {
    code: "CSV_UNCLOSED_QUOTE",
    message: `the quote that opens ${fieldName(halt.field, names)} is not closed ${limit}: close it, or double a quote that is data`,
  };
}

function fieldName(field: number, names: readonly string[]): string {
  const name = names[field - 1];
  return name === undefined ? `field ${field}` : `field ${field} ${JSON.stringify(name)}`;
}
