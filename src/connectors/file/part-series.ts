/** The parts of one partition, one after another: the last may grow, those before it are complete. */
import type { Part } from "./part.ts";
import type { PartRecord } from "./part-record.ts";
import { cutIntoParts, type RotationLimits, type Rows } from "./rotation.ts";

/** Where a series gets its parts from. */
export interface PartMaker {
  readonly limits: RotationLimits;
  /** What every part begins with. */
  readonly head: Uint8Array;
  /** Begins a part, with its head. */
  begin(partition: string, number: number): Promise<Part>;
  /** Takes up a part that a commit left open; what its file holds beyond is dropped. */
  takeUp(record: PartRecord): Promise<Part>;
}

/** What a series is made of. */
export interface SeriesOptions {
  readonly maker: PartMaker;
  readonly partition: string;
  /** The part that the last commit left open. */
  readonly open: PartRecord | null;
  /** Number of the next part. */
  readonly next: number;
  /** Whether the last part's file stays open between commits. */
  readonly staysOpen: boolean;
}

/**
 * Rows are appended, then either `flush` and `committed` make them last or `rollback` takes them back: both concern
 * everything since the commit before.
 */
export class PartSeries {
  readonly #options: SeriesOptions;
  /** The open part as the last commit left it. */
  #open: PartRecord | null;
  /** Number of the next part as the last commit left it. */
  #committedNext: number;
  #next: number;
  /** The parts touched since, in order. */
  #live: Part[] = [];
  #flushed: readonly PartRecord[] = [];

  constructor(options: SeriesOptions) {
    this.#options = options;
    this.#open = options.open;
    this.#next = options.next;
    this.#committedNext = options.next;
  }

  /** The part that rows may still go to, as the last commit left it. */
  get open(): PartRecord | null {
    return this.#open;
  }

  /** What is to be remembered of the parts that were touched, once they are flushed. */
  get flushed(): readonly PartRecord[] {
    return this.#flushed;
  }

  /** @throws MillraceError SINK_FAILED, SINK_REFUSED, SINK_UNAVAILABLE */
  async append(rows: Rows): Promise<void> {
    if (rows.rows === 0) return;
    const { maker } = this.#options;
    let part = await this.current();
    for (const { begin, end, rows: count, rotate } of cutIntoParts(rows, part, maker.limits, maker.head.byteLength)) {
      if (rotate) part = await this.#begin();
      await part.append(rows.bytes.subarray(begin, end), count);
    }
  }

  /** The part that the next row goes to, if it is not too large for it. */
  async current(): Promise<Part> {
    const last = this.#live.at(-1);
    if (last !== undefined) return last;
    if (this.#open === null) return this.#begin();
    const part = await this.#options.maker.takeUp(this.#open);
    this.#live.push(part);
    return part;
  }

  /**
   * Makes everything durable.
   *
   * @param now wall-clock milliseconds: a part that is old enough ends here
   */
  async flush(now: number): Promise<void> {
    const last = this.#live.at(-1);
    for (const part of this.#live) {
      await part.flush();
      if (part !== last || !this.#options.staysOpen || this.#hasEnded(part, now)) await part.close();
    }
    this.#flushed = this.#live.map((part) =>
      part.record(part !== last || this.#hasEnded(part, now) ? "complete" : "open"),
    );
  }

  /** What `flush` made durable is remembered. */
  committed(): void {
    const last = this.#flushed.at(-1);
    if (last === undefined) return;
    this.#open = last.state === "open" ? last : null;
    this.#live = this.#open === null ? [] : this.#live.slice(-1);
    if (!this.#options.staysOpen) this.#live = [];
    this.#committedNext = this.#next;
    this.#flushed = [];
  }

  /** Takes back everything since the last commit. Throws what the file system throws: what the parts hold is unknown then. */
  async rollback(): Promise<void> {
    const open = this.#open;
    const [first, ...others] = this.#live;
    const begun = open === null || first === undefined ? this.#live : others;
    this.#flushed = [];
    this.#next = this.#committedNext;
    for (const part of begun) await part.discard();
    // Where it cannot be cut back its file is still closed with the series.
    this.#live = open === null || first === undefined ? [] : [first];
    if (open === null || first === undefined) return;
    await first.cutBack(open);
    // It may have been taken up under another name since.
    this.#open = first.record("open");
    if (this.#options.staysOpen) return;
    this.#live = [];
    await first.close();
  }

  /** Lets go of the files; with `discard` those of parts that no commit knows are removed. */
  async close(discard: boolean): Promise<void> {
    for (const part of this.#live.splice(0)) {
      const known = this.#open !== null && part.record("open").slot === this.#open.slot;
      await (known || !discard ? part.close() : part.discard());
    }
  }

  async #begin(): Promise<Part> {
    const { maker, partition } = this.#options;
    const part = await maker.begin(partition, this.#next);
    this.#next++;
    this.#live.push(part);
    return part;
  }

  #hasEnded({ rows, begun }: Part, now: number): boolean {
    const { records, intervalMs } = this.#options.maker.limits;
    return rows >= records || (rows > 0 && now - begun >= intervalMs);
  }
}
