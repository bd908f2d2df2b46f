/** Rows as the threads made them, seen as messages; nothing is copied. */
import type { SinkOutput } from "../../core/result.ts";
import type { OutgoingMessage } from "./client/producer-port.ts";

const LF = 10;
const CR = 13;

/** What of the options shapes a message. */
export interface MessageShape {
  /** Whether the key is the first of the fields that stand before a row. */
  readonly hasKey: boolean;
  /** The names of the headers that are fields, in the order in which these stand before a row. */
  readonly fieldHeaders: readonly string[];
  /** The same for all messages. */
  readonly constantHeaders: Readonly<{ [name: string]: string }>;
  /** Whether rows end with a line end, which is no part of the value. */
  readonly lines: boolean;
}

/** The fields that the threads have to put before each row. */
export function attachedFields(
  key: string | undefined,
  headers: Readonly<{ [name: string]: string | { readonly field: string } }>,
): readonly string[] {
  const ofHeaders = Object.values(headers).flatMap((value) => (typeof value === "string" ? [] : [value.field]));
  return key === undefined ? ofHeaders : [key, ...ofHeaders];
}

/** The messages of a chunk, in the order of its rows. */
export function messagesOf(output: SinkOutput, shape: MessageShape): OutgoingMessage[] {
  const { bytes, rows, rowEnds, attached } = output;
  const messages: OutgoingMessage[] = [];
  let begin = 0;
  for (let row = 0; row < rows; row++) {
    const end = rowEnds[row] as number;
    const texts = new Texts(bytes, begin, attached, row);
    const key = shape.hasKey ? texts.next() : null;
    let { constantHeaders: headers } = shape;
    if (shape.fieldHeaders.length > 0) headers = withHeaders(shape, texts) as typeof headers;
    const value = bytes.subarray(texts.at, shape.lines ? withoutLineEnd(bytes, texts.at, end) : end);
    messages.push({ key, value, headers });
    begin = end;
  }
  return messages;
}

/** A header whose field is null is left out. */
function withHeaders({ fieldHeaders, constantHeaders }: MessageShape, texts: Texts): OutgoingMessage["headers"] {
  const headers: { [name: string]: Uint8Array | string } = { ...constantHeaders };
  for (const name of fieldHeaders) {
    const text = texts.next();
    if (text !== null) headers[name] = text;
  }
  return headers;
}

/** Walks over the texts that stand before a row. */
class Texts {
  /** Where the next one begins, or, behind the last, the row. */
  at: number;
  readonly #bytes: Uint8Array;
  readonly #lengths: Int32Array | undefined;
  #number: number;

  constructor(bytes: Uint8Array, begin: number, attached: SinkOutput["attached"], row: number) {
    this.#bytes = bytes;
    this.at = begin;
    this.#lengths = attached?.lengths;
    this.#number = row * (attached?.fields ?? 0);
  }

  next(): Uint8Array | null {
    const length = this.#lengths?.[this.#number++] ?? -1;
    if (length < 0) return null;
    const text = this.#bytes.subarray(this.at, this.at + length);
    this.at += length;
    return text;
  }
}

function withoutLineEnd(bytes: Uint8Array, begin: number, end: number): number {
  if (end === begin || bytes[end - 1] !== LF) return end;
  return end - 1 > begin && bytes[end - 2] === CR ? end - 2 : end - 1;
}
