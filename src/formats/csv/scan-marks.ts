/** A dialect as the scanner in WebAssembly takes it. */
import { CR, LF } from "../lines.ts";
import type { Dialect } from "./dialect.ts";
import { OFFSET } from "./field-index.ts";

/** What is scanned; a mark that the dialect does not have is -1. */
export interface ScanMarks {
  readonly delimiter: number;
  /** Doubled it is data. */
  readonly quote: number;
  readonly comment: number;
  readonly keepBlankLines: boolean;
  readonly maxRecordBytes: number;
}

/** Null for a dialect that it does not know: one that is trimmed, has an escape of its own, or marks of several bytes. */
export function scanMarks(dialect: Dialect, maxRecordBytes: number): ScanMarks | null {
  const { wide, delimiter, quote, escape, comment, literalQuotes, keepBlankLines, trimLeft, trimRight } = dialect;
  if (wide !== null || trimLeft || trimRight) return null;
  if ([delimiter, quote].some((mark) => mark === LF || mark === CR)) return null;
  if (quote >= 0 && (escape !== quote || literalQuotes)) return null;
  return { delimiter, quote, comment, keepBlankLines, maxRecordBytes: Math.min(maxRecordBytes, OFFSET) };
}
