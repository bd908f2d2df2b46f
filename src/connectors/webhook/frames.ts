/** The records of a spool, entry by entry, copied behind each other. */
import type { SharedBytes } from "../../core/chunk.ts";
import { isMillraceError, MillraceError } from "../../core/errors.ts";
import type { FrameBatch, FrameReader } from "../../core/ports/source.ts";
import type { Spool, SpooledEntry } from "../../core/ports/spool.ts";
import type { SpoolBell } from "./bell.ts";
import { placeWord, type SpoolPlace } from "./place.ts";
import { type BodyFormat, bordersOf, type RecordBorders } from "./records.ts";

/** What {@link SpoolFrames} need. */
export interface SpoolFramesOptions {
  readonly spool: Spool;
  readonly bell: SpoolBell;
  readonly format: BodyFormat;
  /** The spool, for people. */
  readonly label: string;
  readonly from: SpoolPlace;
  /** Ends the reading. */
  readonly signal: AbortSignal;
  /** Told how many records an entry has that is read. */
  readonly onEntry: (records: number) => void;
}

/** An entry with where its records are. */
interface OpenEntry {
  readonly id: bigint;
  readonly body: Buffer;
  readonly borders: RecordBorders;
}

/** One record of an entry. */
interface Cut {
  readonly entry: OpenEntry;
  readonly record: number;
}

/** Reads on for ever, until the signal is aborted. */
export class SpoolFrames implements FrameReader {
  readonly kind = "frames";
  readonly #options: SpoolFramesOptions;
  /** Those that were read and are not used up. */
  #entries: OpenEntry[] = [];
  /** The next record. */
  #at: SpoolPlace;
  /** The entry that has to come next; 0: whichever is the first. */
  #expected: bigint;

  constructor(options: SpoolFramesOptions) {
    this.#options = options;
    this.#at = options.from;
    this.#expected = options.from.id;
  }

  async read(maxBytes: number, lease: (bytes: number) => Promise<SharedBytes>): Promise<FrameBatch | undefined> {
    const { signal, bell } = this.#options;
    while (!signal.aborted) {
      const { cuts, bytes } = this.#cutsUpTo(maxBytes);
      const last = cuts.at(-1);
      if (last !== undefined) {
        const memory = await lease(bytes);
        this.#goBehind(last);
        return framesOf(cuts, bytes, memory);
      }
      bell.listen();
      if (!(await this.#readEntries(maxBytes))) await bell.wait(signal);
    }
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#entries = [];
  }

  /** The next records that fit, at least one where there is any. */
  #cutsUpTo(maxBytes: number): { readonly cuts: readonly Cut[]; readonly bytes: number } {
    const cuts: Cut[] = [];
    let bytes = 0;
    for (const entry of this.#entries) {
      const records = entry.borders.length / 2;
      for (let record = entry.id === this.#at.id ? this.#at.record : 0; record < records; record++) {
        const size = sizeOf({ entry, record });
        if (cuts.length > 0 && bytes + size > maxBytes) return { cuts, bytes };
        cuts.push({ entry, record });
        bytes += size;
      }
    }
    return { cuts, bytes };
  }

  #goBehind(last: Cut): void {
    this.#at = behind(last);
    this.#entries = this.#entries.filter(({ id }) => id >= this.#at.id);
  }

  /** @returns whether there were any */
  async #readEntries(maxBytes: number): Promise<boolean> {
    const { spool, format, onEntry } = this.#options;
    const entries = await spool.read(this.#expected - 1n, maxBytes).catch(away);
    for (const entry of entries) {
      this.#assertNext(entry);
      const body = Buffer.from(entry.body.buffer, entry.body.byteOffset, entry.body.byteLength);
      const borders = bordersOf(body, format);
      this.#entries.push({ id: entry.id, body, borders });
      this.#expected = entry.id + 1n;
      onEntry(borders.length / 2);
    }
    return entries.length > 0;
  }

  /** Ids count up by one, so a gap is something that was accepted and is gone. */
  #assertNext({ id }: SpooledEntry): void {
    const { label } = this.#options;
    if (this.#expected === 0n || id === this.#expected) return;
    throw new MillraceError(
      "SOURCE_CHANGED",
      `${label}: the position is at request ${this.#expected} of the spool, and what the state store holds begins at ${id}: ` +
        "it is not the store that the job had before, or an old copy of it. Bring that one back; or begin with what " +
        "there is: millrace state forget <job>",
    );
  }
}

function framesOf(cuts: readonly Cut[], bytes: number, memory: SharedBytes): FrameBatch {
  const ends = new Int32Array(cuts.length);
  let at = 0;
  for (const [index, { entry, record }] of cuts.entries()) {
    const [begin, end] = bordersAt(entry, record);
    memory.bytes.set(entry.body.subarray(begin, end), at);
    at += end - begin;
    ends[index] = at;
  }
  const cutOf = (index: number): Cut => cuts[index] as Cut;
  const of = (index: number): string => placeWord({ id: cutOf(index).entry.id, record: cutOf(index).record });
  return { memory, bytes, ends, tokens: { after: (index) => placeWord(behind(cutOf(index))), of } };
}

/** The place behind a record. */
function behind({ entry: { id, borders }, record }: Cut): SpoolPlace {
  const next = record + 1;
  return 2 * next === borders.length ? { id: id + 1n, record: 0 } : { id, record: next };
}

function sizeOf({ entry, record }: Cut): number {
  const [begin, end] = bordersAt(entry, record);
  return end - begin;
}

function bordersAt({ borders }: OpenEntry, record: number): readonly [begin: number, end: number] {
  return [borders[2 * record] as number, borders[2 * record + 1] as number];
}

/** The store is waited for as any source is. */
function away(thrown: unknown): never {
  if (!isMillraceError(thrown) || !thrown.retryable) throw thrown;
  throw new MillraceError("SOURCE_UNAVAILABLE", thrown.message, { cause: thrown });
}
