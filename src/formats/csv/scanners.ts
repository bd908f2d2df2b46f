/** Which scanner reads a dialect. */
import type { Dialect } from "./dialect.ts";
import type { FieldIndex } from "./field-index.ts";
import { IndexScanner } from "./index-scanner.ts";
import type { RecordScanner } from "./record-scanner.ts";
import type { ScanMachine } from "./scan-machine.ts";
import { scanMarks } from "./scan-marks.ts";
import { SimdScanner } from "./simd-scanner.ts";
import { WideScanner } from "./wide-scanner.ts";

/**
 * The scanner of a dialect; it fills `index`.
 *
 * @param machine null: without WebAssembly
 */
export function scannerOf(
  dialect: Dialect,
  maxRecordBytes: number,
  index: FieldIndex,
  machine: ScanMachine | null,
): RecordScanner {
  if (dialect.wide !== null) return new WideScanner(dialect, dialect.wide, maxRecordBytes, index);
  const marks = machine === null ? null : scanMarks(dialect, maxRecordBytes);
  if (machine === null || marks === null) return new IndexScanner(dialect, maxRecordBytes, index);
  return new SimdScanner({ dialect, marks, index, machine });
}
