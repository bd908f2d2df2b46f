/** Takes the rows of a chunk apart, record by record; nothing is copied. */
import { isMillraceError } from "../../../core/errors.ts";
import type { SinkOutput } from "../../../core/result.ts";
import { type Envelopes, textsBefore } from "./envelope.ts";
import type { Row, RowChunk } from "./rows.ts";

const LF = 10;
const NO_TEXTS: readonly null[] = [];

/**
 * The rows of each record that can be sent. One whose fields make no request is refused with all its outputs, before
 * anything of it is sent.
 */
export function* recordsOf(
  output: SinkOutput,
  chunk: RowChunk,
  envelopes: Envelopes,
): Generator<readonly Row[], void, undefined> {
  const { rows, recordOfRow } = output;
  for (let row = 0; row < rows; ) {
    const first = row++;
    while (row < rows && recordOfRow[row] === recordOfRow[first]) row++;
    const record = rowsOfRecord(output, chunk, envelopes, first, row);
    if (record !== null) yield record;
  }
}

/** null: one of them makes no request. */
function rowsOfRecord(
  output: SinkOutput,
  chunk: RowChunk,
  envelopes: Envelopes,
  first: number,
  stop: number,
): readonly Row[] | null {
  const record = output.recordOfRow[first] as number;
  const hasSiblings = stop - first > 1;
  const rows: Row[] = [];
  for (let row = first; row < stop; row++) {
    const place = { chunk, record, output: row - first, hasSiblings };
    try {
      rows.push(rowAt(output, row, place, envelopes));
    } catch (thrown) {
      if (!isMillraceError(thrown) || thrown.fault !== "record") throw thrown;
      chunk.refuse(place, thrown);
      return null;
    }
  }
  return rows;
}

function rowAt(
  { rowEnds, attached }: SinkOutput,
  row: number,
  place: Pick<Row, "chunk" | "record" | "output" | "hasSiblings">,
  envelopes: Envelopes,
): Row {
  const { bytes } = place.chunk;
  let begin = row === 0 ? 0 : (rowEnds[row - 1] as number);
  let texts: readonly (string | null)[] = NO_TEXTS;
  if (attached !== undefined) ({ texts, end: begin } = textsBefore(bytes, begin, attached, row));
  let end = rowEnds[row] as number;
  if (end > begin && bytes[end - 1] === LF) end--;
  return { ...place, begin, end, envelope: envelopes.of(texts), order: envelopes.orderOf(texts) };
}
