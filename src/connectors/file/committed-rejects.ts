/** Copies a rejects file without what was never committed. */
import type { FileHandle } from "node:fs/promises";
import { MillraceError } from "../../core/errors.ts";
import type { CommittedRejects } from "../../core/ports/reject-store.ts";
import { readFully, writeFully } from "./durable-files.ts";

const BLOCK_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;

/**
 * Copies line by line, holding a block and a line; a last line that was torn off is left out.
 *
 * @param file the name, for messages
 * @returns the bytes copied
 * @throws MillraceError SINK_REFUSED for a line that is no reject
 */
export async function copyCommitted(
  from: FileHandle,
  to: FileHandle,
  committed: CommittedRejects,
  file: string,
): Promise<number> {
  const block = Buffer.alloc(BLOCK_BYTES);
  let rest = Buffer.alloc(0);
  let written = 0;
  for (let at = 0, read = -1; read !== 0; at += read) {
    read = await readFully(from, block, at);
    const bytes = Buffer.concat([rest, block.subarray(0, read)]);
    const kept = Buffer.concat(linesOf(bytes).filter((line) => isCommitted(line.toString("utf8"), committed, file)));
    await writeFully(to, kept, written);
    written += kept.byteLength;
    rest = bytes.subarray(bytes.lastIndexOf(LINE_FEED) + 1);
  }
  return written;
}

/** The complete lines, each with its line feed. Not those of a text: a reject's bytes may hold any other line end. */
function linesOf(bytes: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  for (let begin = 0, feed = bytes.indexOf(LINE_FEED); feed !== -1; feed = bytes.indexOf(LINE_FEED, begin)) {
    lines.push(bytes.subarray(begin, feed + 1));
    begin = feed + 1;
  }
  return lines;
}

function isCommitted(line: string, committed: CommittedRejects, file: string): boolean {
  try {
    const { split, sink, position } = JSON.parse(line) as StoredReject;
    return BigInt(position.ordinal) < committed.before(split, sink);
  } catch (cause) {
    throw new MillraceError(
      "SINK_REFUSED",
      `${file}: a line is no reject of millrace; move the file away and begin again with --restart`,
      { cause },
    );
  }
}

/** What of a line decides whether it is kept. */
interface StoredReject {
  readonly split: string;
  readonly sink?: string;
  readonly position: { readonly ordinal: number };
}
