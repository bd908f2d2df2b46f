/** The lines of a file from its end to its beginning, in constant memory however long they are. */
import type { FileHandle } from "node:fs/promises";
import { readFully } from "./durable-files.ts";

const BLOCK_BYTES = 64 * 1024;
const LINE_FEED = 0x0a;

/** Where a line lies, in bytes. */
export interface LineSpan {
  readonly begin: number;
  /** Behind its line feed, if it has one. */
  readonly end: number;
  /** False for a last line that was torn off. */
  readonly complete: boolean;
}

/** Yields the last line first. The file may be cut at a yielded line's begin meanwhile. */
export async function* linesBackwards(handle: FileHandle, size: number): AsyncGenerator<LineSpan, void, undefined> {
  const block = new Uint8Array(Math.min(BLOCK_BYTES, size));
  let end = size;
  let complete = false;
  for (let blockEnd = size; blockEnd > 0; blockEnd -= block.byteLength) {
    const blockBegin = Math.max(0, blockEnd - block.byteLength);
    const bytes = block.subarray(0, blockEnd - blockBegin);
    await readFully(handle, bytes, blockBegin);
    for (let at = bytes.lastIndexOf(LINE_FEED); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf(LINE_FEED, at - 1)) {
      const begin = blockBegin + at + 1;
      if (begin < end) yield { begin, end, complete };
      [end, complete] = [begin, true];
    }
  }
  if (end > 0) yield { begin: 0, end, complete };
}
