/**
 * A source that ends behind its first records: `--limit`.
 *
 * Only a decoder knows where a record ends, so the head is decoded once more, here and before the run. Every stage
 * behind then sees a source that is simply that short: the transform is called for these records and for no others, and
 * positions, counts and totals need no rule of their own.
 */
import type { BoundSource, ByteReader, FrameReader, SplitPlan, SplitReader } from "../core/ports/source.ts";
import type { Position } from "../core/position.ts";
import { formatByName } from "../formats/catalog.ts";
import { type Head, type HeadOptions, headOf } from "./head-scan.ts";
import type { BoundPlan } from "./resolve.ts";

/**
 * The same plan over the first `records` source records, of all splits in their order.
 *
 * @throws MillraceError SOURCE_FAILED, SOURCE_CHANGED, SOURCE_UNAVAILABLE
 */
export async function limitPlan(bound: BoundPlan, records: number, signal: AbortSignal): Promise<BoundPlan> {
  const { decode } = bound.plan;
  const options = { format: formatByName(decode.format), decode, signal };
  const source = await limitSource(bound.source, records, options);
  return { ...bound, source };
}

async function limitSource(source: BoundSource, records: number, options: HeadOptions): Promise<BoundSource> {
  const splits: SplitPlan[] = [];
  const heads = new Map<string, Head>();
  let left = records;
  for (const split of source.splits) {
    if (left === 0) break;
    const found = await headOf(source, split, left, options);
    left -= found.records;
    heads.set(split.id, found);
    splits.push(split.bytes === undefined ? split : { ...split, bytes: Math.min(split.bytes, found.end) });
  }
  return cutSource(source, splits, heads);
}

/** One split alone, as if it ended behind its first records. */
export function headOnly(source: BoundSource, split: SplitPlan, head: Head): BoundSource {
  return cutSource(source, [split], new Map([[split.id, head]]));
}

function cutSource(source: BoundSource, splits: readonly SplitPlan[], heads: ReadonlyMap<string, Head>): BoundSource {
  return {
    label: source.label,
    splits,
    readBy: (run) => source.readBy?.(run),
    open: async (split, from, signal) =>
      endingBehind(await source.open(split, from, signal), from, heads.get(split.id) as Head),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

function endingBehind(reader: SplitReader, from: Position, head: Head): SplitReader {
  return reader.kind === "bytes"
    ? bytesEndingBehind(reader, Number(from.token), head)
    : framesEndingBehind(reader, head.records - Number(from.ordinal));
}

function bytesEndingBehind(reader: ByteReader, from: number, { end, closing }: Head): ByteReader {
  let left = Math.max(0, end - from);
  let rest = closing;
  return {
    kind: "bytes",
    async read(into) {
      if (left === 0) {
        const written = rest.copy(into);
        rest = rest.subarray(written);
        return written;
      }
      const read = await reader.read(into.subarray(0, Math.min(into.length, left)));
      left -= read;
      return read;
    },
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
  };
}

function framesEndingBehind(reader: FrameReader, records: number): FrameReader {
  let left = Math.max(0, records);
  return {
    kind: "frames",
    async read(maxBytes, lease) {
      const batch = left === 0 ? undefined : await reader.read(maxBytes, lease);
      if (batch === undefined) return undefined;
      const ends = batch.ends.subarray(0, left);
      left -= ends.length;
      return { ...batch, ends, bytes: ends.at(-1) ?? 0 };
    },
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
  };
}
