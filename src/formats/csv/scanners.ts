/** Which scanner reads a dialect. */
import type { Dialect } from "./dialect.ts";
import type { FieldIndex } from "./field-index.ts";
import { IndexScanner } from "./index-scanner.ts";
import type { RecordScanner } from "./record-scanner.ts";
import { WideScanner } from "./wide-scanner.ts";

/** The scanner of a dialect; it fills `index`. */
export function scannerOf(dialect: Dialect, maxRecordBytes: number, index: FieldIndex): RecordScanner {
  if (dialect.wide === null) return new IndexScanner(dialect, maxRecordBytes, index);
  return new WideScanner(dialect, dialect.wide, maxRecordBytes, index);
}
