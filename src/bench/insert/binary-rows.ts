/** The same rows in COPY's binary form. */
import type { SinkOutput } from "../../core/result.ts";
import { turnsAmong } from "../../core/row-forms.ts";
import type { RowForm } from "../../core/ports/format.ts";
import { formatByName } from "../../formats/catalog.ts";
import { GrowingBytes } from "../../formats/growing-bytes.ts";
import type { TableColumn } from "../../postgres/catalogue.ts";

const BINARY = "pg-copy-binary";

/** The first column that keeps rows from being binary. */
export function unwrittenColumn(columns: readonly TableColumn[]): TableColumn | undefined {
  const format = formatByName(BINARY);
  return columns.find(({ type }) => format.writes?.(type) !== true);
}

/**
 * Text rows read back and written by the encoder of binary ones, which takes texts as the server would.
 *
 * @param text rows of COPY's text form
 */
export function binaryRows(text: SinkOutput, columns: readonly TableColumn[]): SinkOutput {
  const names = columns.map(({ name, type }) => ({ name, type }));
  const decoder = formatByName("pg-copy").decoder({
    format: "pg-copy",
    options: { fields: names.map(({ name }) => [name, "text"]) },
    columns: {},
    maxRecordBytes: text.bytes.length + 1,
  });
  const encoder = formatByName(BINARY).encoder({
    sink: text.sink,
    format: BINARY,
    options: {},
    columns: names,
    needsColumns: true,
    onUnknownField: "error",
  });
  const batch = decoder.decode({ bytes: text.bytes, ends: text.rowEnds, final: true, truncated: false });
  const to = new GrowingBytes(new SharedArrayBuffer(text.bytes.length));
  const rowEnds = new Int32Array(batch.count);
  const forms: RowForm[] = [];
  for (let row = 0; row < batch.count; row++) {
    const read = batch.read(row);
    encoder.encode("record" in read ? read.record : {}, batch.current, to);
    rowEnds[row] = to.length;
    forms.push(encoder.form ?? 0);
  }
  return { ...text, bytes: to.bytes.subarray(0, to.length), rowEnds, turns: turnsAmong(forms) };
}
