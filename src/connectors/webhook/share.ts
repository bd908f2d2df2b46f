/** The spool as a share of the source, for as long as this process is the one that reads it. */
import type { Clock } from "../../core/clock.ts";
import { isMillraceError, MillraceError } from "../../core/errors.ts";
import type { Position } from "../../core/position.ts";
import type { FrameReader, Share, SplitPlan } from "../../core/ports/source.ts";
import type { Spool, SpoolOwnership } from "../../core/ports/spool.ts";
import type { SpoolBell } from "./bell.ts";
import { SpoolFrames } from "./frames.ts";
import type { WebhookSourceOptions } from "./options.ts";
import { placeOf, placeWord } from "./place.ts";
import { SpoolTrim } from "./trim.ts";

/** The one split. */
const SPLIT = "spool";

/** What a share is made of. */
export interface WebhookShareOptions {
  readonly label: string;
  readonly options: Pick<WebhookSourceOptions, "format" | "idempotencyFor">;
  readonly spool: Spool;
  readonly ownership: SpoolOwnership;
  readonly bell: SpoolBell;
  readonly clock: Clock;
  /** Entries up to this one are gone; 0: none ever was. */
  readonly dropped: bigint;
}

/**
 * The spool of one process.
 *
 * Its origin moves on as entries are dropped, and is its fingerprint as well: a sink that is added once some are gone
 * would count its records from another place than the sinks before it, and is refused.
 */
export class WebhookShare implements Share {
  readonly label: string;
  readonly splits: readonly SplitPlan[];
  readonly #given: WebhookShareOptions;
  readonly #revoked: AbortSignal;
  readonly #trim: SpoolTrim;
  #isBegun = false;
  #entriesRead = 0;
  #recordsRead = 0;

  constructor(given: WebhookShareOptions) {
    const { label, dropped, spool, clock, options, ownership } = given;
    const origin = placeWord({ id: dropped === 0n ? 0n : dropped + 1n, record: 0 });
    this.label = label;
    this.splits = [{ id: SPLIT, origin, fingerprint: origin }];
    this.#given = given;
    this.#revoked = ownership.lost;
    this.#trim = new SpoolTrim({ spool, clock, keepKeysMs: options.idempotencyFor });
  }

  get revoked(): AbortSignal {
    return this.#revoked;
  }

  async confirm(): Promise<void> {
    try {
      await this.#given.ownership.confirm();
    } catch (cause) {
      if (!isMillraceError(cause, "FENCED")) throw cause;
      throw new MillraceError("ABORTED", `${this.label}: another process reads the spool now`, { cause });
    }
  }

  async open({ fingerprint }: SplitPlan, { ordinal, token }: Position, signal: AbortSignal): Promise<FrameReader> {
    const { label, spool, bell, options, dropped } = this.#given;
    const from = placeOf(token);
    if (ordinal === 0n && fingerprint !== undefined && fingerprint !== token) throw this.#addedLater();
    if (from.id !== 0n && from.id <= dropped) throw this.#goneBefore(from.id);
    // What was committed and not dropped before a crash; the share is begun where all sinks stand, and only then.
    if (!this.#isBegun) this.#trim.upTo(from.id - 1n);
    this.#isBegun = true;
    const onEntry = (records: number): void => {
      this.#entriesRead++;
      this.#recordsRead += records;
    };
    return new SpoolFrames({ spool, bell, format: options.format, label, from, signal, onEntry });
  }

  committed(_split: string, { token }: Position): void {
    this.#trim.upTo(placeOf(token).id - 1n);
  }

  /** Of requests that were not read yet nobody knows the records: each is taken for one of those that were. */
  async lag(): Promise<ReadonlyMap<string, number>> {
    const { entries } = await this.#given.spool.size();
    const records = this.#entriesRead === 0 ? 1 : this.#recordsRead / this.#entriesRead;
    return new Map([[SPLIT, Math.round(entries * records)]]);
  }

  /** What is under way with the spool is waited for before it is somebody else's. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#trim[Symbol.asyncDispose]();
    await this.#given.ownership[Symbol.asyncDispose]();
  }

  #addedLater(): MillraceError {
    return new MillraceError(
      "SOURCE_CHANGED",
      `${this.label}: a sink was added that has none of it yet, and what the other sinks have is gone from the spool. Give the ` +
        "new sink a job of its own; or let all sinks begin with what there is: millrace state forget <job>",
    );
  }

  #goneBefore(id: bigint): MillraceError {
    return new MillraceError(
      "SOURCE_CHANGED",
      `${this.label}: the position is at request ${id} of the spool, which was dropped because every sink had it: the sink's ` +
        "database may be an old copy. Bring the newer one back; or begin with what there is: millrace state forget <job>",
    );
  }
}
