/** Reads a split as the runtime does, and tells its borders apart. */
import type { SharedBytes } from "../../core/chunk.ts";
import type { DecodeSpec } from "../../core/ports/format.ts";
import type { BoundSource, SplitPlan } from "../../core/ports/source.ts";
import { originPosition, type Position } from "../../core/position.ts";
import { formatByName } from "../../formats/catalog.ts";

/** A place between two records, and how much of the content lies before it. */
export interface SplitBorder {
  readonly position: Position;
  readonly offset: number;
}

/** What a split holds from a position on. */
export interface SplitContent {
  readonly bytes: Buffer;
  /** Behind each record that a resume may begin after. */
  readonly borders: readonly SplitBorder[];
}

/** More than any split of a conformance test has. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Where a split begins. */
export function originOf({ origin, originLine }: SplitPlan): Position {
  return originPosition(origin, originLine);
}

/** @param pieceBytes bytes of one read */
export async function readSplit(
  source: BoundSource,
  split: SplitPlan,
  decode: DecodeSpec,
  from: Position = originOf(split),
  pieceBytes = 4096,
): Promise<SplitContent> {
  await using reader = await source.open(split, from, new AbortController().signal);
  const pieces: Buffer[] = [];
  const borders: SplitBorder[] = [];
  let offset = 0;
  while (offset < MOST_BYTES) {
    if (reader.kind === "bytes") {
      const into = new Uint8Array(new SharedArrayBuffer(pieceBytes));
      const read = await reader.read(into);
      if (read === 0) break;
      pieces.push(Buffer.from(into.slice(0, read)));
      offset += read;
      continue;
    }
    const batch = await reader.read(pieceBytes, lend);
    if (batch === undefined) break;
    for (const [record, end] of batch.ends.entries()) {
      const ordinal = from.ordinal + BigInt(borders.length + 1);
      borders.push({ position: { ordinal, token: batch.tokens.after(record) }, offset: offset + end });
    }
    pieces.push(Buffer.from(batch.memory.bytes.slice(0, batch.bytes)));
    offset += batch.bytes;
  }
  const bytes = Buffer.concat(pieces);
  return { bytes, borders: reader.kind === "bytes" ? byteBorders(bytes, from, decode) : borders };
}

/** A resume word of bytes is their offset: the runtime counts on from the one that it was given. */
function byteBorders(bytes: Buffer, from: Position, decode: DecodeSpec): readonly SplitBorder[] {
  const splitter = formatByName(decode.format).splitter(decode);
  const borders: SplitBorder[] = [];
  let begin = 0;
  let { ordinal, line } = from;
  for (;;) {
    const border = splitter.lastBorder(bytes, begin, bytes.length, 1);
    if (border.end <= begin) return borders;
    begin = border.end;
    ordinal += BigInt(border.records);
    if (line !== undefined) line += border.lines;
    const token = String(Number(from.token) + begin);
    borders.push({ position: { ordinal, token, ...(line !== undefined && { line }) }, offset: begin });
  }
}

/** Memory as the runtime lends it. */
export async function lend(bytes: number): Promise<SharedBytes> {
  const lent: SharedBytes = {
    bytes: new Uint8Array(new SharedArrayBuffer(bytes)),
    retain: () => lent,
    release: () => {},
  };
  return lent;
}
