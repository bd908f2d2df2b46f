/** A source of records that were rejected: their bytes, as they once stood in the real one. */
import type { ChunkMeta } from "../../core/chunk.ts";
import type { RejectFilter, RejectReader, StoredReject } from "../../core/ports/reject-shelf.ts";
import type { BoundSource, FrameBatch, FrameReader, SplitPlan } from "../../core/ports/source.ts";
import { decodeRaw } from "../../core/reject.ts";
import { eachReject } from "./reject-places.ts";
import type { ReplaySplit } from "./replay-split.ts";

/** Resume word behind the last reject of a split. */
const END = "end";

/** What a replay reads. */
export interface ReplaySourceOptions {
  readonly job: string;
  readonly replay: string;
  readonly splits: readonly ReplaySplit[];
  /** Splits that were begun, each with its sinks: where its rejects are settled already nothing is left to be read of it. */
  readonly begun: ReadonlyMap<string, readonly string[]>;
  /** Names of the fields of a split of the real source. */
  readonly fields: (split: string) => readonly string[] | undefined;
}

/**
 * The source of a replay. What it has taken stays the same until it is settled, so an ordinal means the same record
 * whenever it is read; a position's token is the number of the next reject in its place.
 */
export function replaySource({ job, replay, splits, begun, fields }: ReplaySourceOptions): BoundSource {
  const byId = new Map(splits.map((split) => [split.id, split]));
  const planned = splits.map(({ id, split, sink, first }): SplitPlan => {
    const names = fields(split);
    return {
      id,
      origin: String(first),
      ...(names === undefined ? {} : { fields: names }),
      ...(sink === undefined ? {} : { shownAs: split, sinks: [sink] }),
    };
  });
  const settled = [...begun].filter(([id]) => !byId.has(id));
  const over = settled.map(([id, sinks]): SplitPlan => ({ id, origin: END, sinks }));
  return {
    label: `rejects of ${splits.map(({ split }) => split).join(", ")}`,
    splits: [...planned, ...over].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    open: async ({ id }, { token }) => {
      const split = byId.get(id);
      if (split === undefined || token === END) return nothing();
      const filter = {
        job,
        takenBy: replay,
        split: split.split,
        ...(split.sink === undefined ? {} : { sink: split.sink }),
      };
      return new RejectFrames(split.reader, commonOnly(filter, splits, split), Number(token));
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Where some of a split's rejects are one sink's alone, the others are told apart from them. */
function commonOnly(filter: RejectFilter, splits: readonly ReplaySplit[], { split, sink }: ReplaySplit): RejectFilter {
  const apart = splits.some((other) => other.split === split && other.sink !== undefined);
  return sink === undefined && apart ? { ...filter, sink: null } : filter;
}

function nothing(): FrameReader {
  return { kind: "frames", read: () => Promise.resolve(undefined), [Symbol.asyncDispose]: async () => {} };
}

type Lease = Parameters<FrameReader["read"]>[1];

/** Rejects as framed records. */
class RejectFrames implements FrameReader {
  readonly kind = "frames";
  readonly #rejects: AsyncGenerator<StoredReject, void, undefined>;
  /** Read and not yet given: where the one before it ends is known only with it. */
  #next: StoredReject | undefined;
  #begun = false;

  constructor(reader: RejectReader, filter: RejectFilter, from: number) {
    this.#rejects = eachReject(reader, filter, from - 1);
  }

  async read(maxBytes: number, lease: Lease): Promise<FrameBatch | undefined> {
    if (!this.#begun) await this.#advance();
    this.#begun = true;
    const taken: StoredReject[] = [];
    const raws: Buffer[] = [];
    for (let bytes = 0; this.#next !== undefined; await this.#advance()) {
      const raw = decodeRaw(this.#next);
      if (taken.length > 0 && bytes + raw.byteLength > maxBytes) break;
      bytes += raw.byteLength;
      taken.push(this.#next);
      raws.push(raw);
    }
    return taken.length === 0 ? undefined : this.#batch(taken, raws, lease);
  }

  async #batch(taken: readonly StoredReject[], raws: readonly Buffer[], lease: Lease): Promise<FrameBatch> {
    const bytes = raws.reduce((sum, raw) => sum + raw.byteLength, 0);
    const memory = await lease(bytes);
    const ends = new Int32Array(raws.length);
    let end = 0;
    for (const [index, raw] of raws.entries()) {
      memory.bytes.set(raw, end);
      end += raw.byteLength;
      ends[index] = end;
    }
    const next = this.#next?.id;
    const behind = (record: number): string => String(taken[record + 1]?.id ?? next ?? END);
    return { memory, bytes, ends, tokens: { after: behind }, meta: metaOf(taken) };
  }

  async #advance(): Promise<void> {
    const { value, done } = await this.#rejects.next();
    this.#next = done === true ? undefined : value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rejects.return();
  }
}

/** The lines on which the records stood. */
function metaOf(taken: readonly StoredReject[]): ChunkMeta {
  return { lines: Float64Array.from(taken, ({ line }) => line ?? Number.NaN) };
}
