/** The body of a request: copied once out of lent memory, so that it may be sent as often as it takes. */
import type { HttpSinkOptions } from "../sink-options.ts";
import type { Request, Row } from "./rows.ts";

type BatchFormat = NonNullable<HttpSinkOptions["batch"]>["format"];

const [OPEN, COMMA, CLOSE, LF] = [91, 44, 93, 10];

/** @param format undefined: the body is the record itself */
export function bodyOf({ rows, envelope }: Request, format: BatchFormat | undefined): Buffer | undefined {
  if (envelope.isBodiless) return undefined;
  if (format === "jsonl") return joined(rows, 0, { after: LF, last: LF });
  if (format === "json") {
    const body = joined(rows, 1, { after: COMMA, last: CLOSE });
    body[0] = OPEN;
    return body;
  }
  const body = Buffer.allocUnsafe(rows.reduce((sum, row) => sum + row.end - row.begin, 0));
  let at = 0;
  for (const row of rows) at += copied(row, body, at);
  return body;
}

/** Bytes that a row takes in a batch, with what stands between it and the next. */
export function bytesInBatch({ begin, end }: Pick<Row, "begin" | "end">): number {
  return end - begin + 1;
}

function joined(rows: readonly Row[], from: number, byte: { readonly after: number; readonly last: number }): Buffer {
  const body = Buffer.allocUnsafe(rows.reduce((sum, row) => sum + bytesInBatch(row), from));
  let at = from;
  for (const row of rows) {
    at += copied(row, body, at);
    body[at++] = byte.after;
  }
  body[at - 1] = byte.last;
  return body;
}

function copied({ chunk, begin, end }: Row, into: Buffer, at: number): number {
  return chunk.bytes.copy(into, at, begin, end);
}
