/** Emits the writing of texts that stand in every row. */

const WORD = 4;

/** Room for a text as {@link stampCode} writes it: whole words. */
export function stampRoom(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / WORD) * WORD;
}

/**
 * Code that writes `text` into `view` at `p` and moves `p` behind it. It holds the text as numbers, four bytes each; what
 * the last number holds beyond the text is written over by what follows.
 */
export function stampCode(text: string): string {
  const bytes = Buffer.from(text);
  const padded = Buffer.alloc(stampRoom(text));
  padded.set(bytes);
  let code = "";
  for (let at = 0; at < padded.length; at += WORD)
    code += `view.setInt32(p + ${at}, ${padded.readInt32LE(at)}, true); `;
  return `${code}p += ${bytes.length};`;
}
