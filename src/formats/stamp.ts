/** Texts that stand in every row, such as the names of fields, written several times as fast as others. */
import type { ByteWriter } from "../core/ports/byte-writer.ts";

const WORD = 4;

/** A text's bytes, four to an integer. */
export interface Stamp {
  readonly words: Int32Array;
  /** In bytes; the last word may hold more. */
  readonly length: number;
}

/** Makes the stamp of a text. */
export function stampOf(text: string): Stamp {
  const { length } = Buffer.from(text);
  const padded = Buffer.alloc(Math.ceil(length / WORD) * WORD);
  padded.write(text);
  const words = Int32Array.from({ length: padded.length / WORD }, (_, i) => padded.readInt32LE(i * WORD));
  return { words, length };
}

/** Writes it: whole words, and what they hold beyond the text is written over by what follows. */
export function putStamp(to: ByteWriter, { words, length }: Stamp): void {
  to.reserve(words.length * WORD);
  const { view } = to;
  let at = to.length;
  for (let i = 0; i < words.length; i++, at += WORD) view.setInt32(at, words[i] as number, true);
  to.length += length;
}
