/** Lines as records. */
import { CR, isBlank, LF } from "../lines.ts";
import type { IndexedBytes, RecordBorders } from "./record-borders.ts";

const BLANK = 32;

/**
 * Takes every line that is not blank.
 *
 * @param maxRecordBytes an incomplete record that is longer is taken as it is: waiting for its end would never end
 */
export function indexLines(chunk: IndexedBytes, maxRecordBytes: number, borders: RecordBorders): void {
  const { bytes, final, truncated } = chunk;
  let begin = 0;
  for (let feed = bytes.indexOf(LF); feed !== -1; feed = bytes.indexOf(LF, begin)) {
    addLine(borders, bytes, begin, feed, maxRecordBytes);
    borders.advance(feed + 1, 1);
    begin = feed + 1;
  }
  const left = bytes.length - begin;
  const oversized = truncated || (begin === 0 && left > maxRecordBytes);
  if (left === 0 || !(final || oversized)) return;
  if (final) {
    addLine(borders, bytes, begin, bytes.length, maxRecordBytes);
  } else {
    borders.add(begin, bytes.length);
    borders.cut();
  }
  borders.advance(bytes.length, 0);
}

/** Blanks are no record, unless they are too many: then nobody has seen whether the line ends in blanks alone. */
function addLine(borders: RecordBorders, bytes: Buffer, begin: number, end: number, maxRecordBytes: number): void {
  const stop = end > begin && bytes[end - 1] === CR ? end - 1 : end;
  const canBeBlank = (bytes[begin] as number) <= BLANK && stop - begin <= maxRecordBytes;
  if (!canBeBlank || !isBlank(bytes, begin, stop)) borders.add(begin, stop);
}
