/** A commit unit of the HTTP sink: rows become requests, and requests are answered for before the position passes them. */
import { abortError } from "../../../core/clock.ts";
import type { Advance, RowsOrigin, SinkUnit, SinkWord, WriteOutcome } from "../../../core/ports/sink.ts";
import type { Reject } from "../../../core/reject.ts";
import type { SinkOutput } from "../../../core/result.ts";
import type { HttpSinkOptions } from "../sink-options.ts";
import { type Borders, type Place, placeBehind } from "./borders.ts";
import type { Envelopes } from "./envelope.ts";
import { BatchCutter, cutSingly } from "./request-cutter.ts";
import { RequestQueue } from "./request-queue.ts";
import type { RequestSender } from "./request-sender.ts";
import { type Request, type Row, RowChunk } from "./rows.ts";

/** What the units of one writer have in common. */
export interface UnitSettings {
  readonly batch: HttpSinkOptions["batch"];
  readonly envelopes: Envelopes;
  readonly borders: Borders;
  readonly sender: RequestSender;
  /** Requests that may be in flight just now, and at the most. */
  readonly limit: () => number;
  readonly concurrency: number;
  /** The run's. */
  readonly signal: AbortSignal;
}

/** Requests that may wait, for each that may be in flight. */
const ROOM_FACTOR = 4;
const NO_REJECTS: WriteOutcome = { rejects: [] };

/** Sends as rows come; what is refused is told by `answers`. */
export class HttpUnit implements SinkUnit {
  readonly #settings: UnitSettings;
  readonly #chunks: RowChunk[] = [];
  readonly #cutter: BatchCutter | null;
  readonly #queue: RequestQueue;
  readonly #ending = new AbortController();
  readonly #signal: AbortSignal;
  #failure: { readonly error: unknown } | null = null;
  #words: readonly SinkWord[] = [];

  constructor(settings: UnitSettings) {
    const { batch, envelopes, borders, limit, concurrency, signal } = settings;
    this.#settings = settings;
    this.#cutter = batch === undefined ? null : new BatchCutter(batch, envelopes, borders);
    this.#signal = AbortSignal.any([signal, this.#ending.signal]);
    this.#queue = new RequestQueue({ limit, room: ROOM_FACTOR * concurrency, send: (request) => this.#send(request) });
  }

  get words(): readonly SinkWord[] {
    return this.#words;
  }

  get midway(): boolean {
    return this.#cutter?.isMidway ?? false;
  }

  async write(output: SinkOutput, origin: RowsOrigin): Promise<WriteOutcome> {
    const chunk = new RowChunk(output, origin);
    this.#chunks.push(chunk);
    for (const request of await this.#cut(output, chunk)) {
      if (this.#queue.isFull) await this.#queue.room();
      this.#check();
      this.#queue.add(request);
    }
    return NO_REJECTS;
  }

  async answers(): Promise<readonly WriteOutcome[]> {
    await this.#flush();
    await this.#queue.idle();
    this.#check();
    return this.#chunks.map(({ outcome }) => outcome);
  }

  async commit(_advances: readonly Advance[], _rejects: readonly Reject[]): Promise<void> {
    await this.answers();
    if (this.#cutter !== null) this.#words = this.#settings.borders.commit(this.#cutter.ends);
  }

  async rollback(): Promise<void> {
    this.#queue.stop();
    this.#ending.abort();
    await this.#queue.idle();
  }

  async #cut(output: SinkOutput, chunk: RowChunk): Promise<Iterable<Request>> {
    const { envelopes, borders } = this.#settings;
    if (this.#cutter === null) return cutSingly(output, chunk, envelopes);
    const requests = this.#cutter.cut(output, chunk);
    await borders.reach(endsOf(requests));
    return requests;
  }

  /** Sends what is open: nothing more comes. */
  async #flush(): Promise<void> {
    const rest = this.#cutter?.flush() ?? [];
    if (rest.length === 0) return;
    await this.#settings.borders.reach(endsOf(rest));
    this.#check();
    for (const request of rest) this.#queue.add(request);
  }

  async #send(request: Request): Promise<void> {
    try {
      await this.#settings.sender.deliver(request, this.#signal);
    } catch (thrown) {
      this.#failure ??= { error: thrown };
      this.#queue.stop();
    }
  }

  /** @throws what the request that failed first threw */
  #check(): void {
    if (this.#failure !== null) throw this.#failure.error;
    if (this.#signal.aborted) throw abortError(this.#signal);
  }
}

/** Where requests end, by split; they stand in the order of their rows. */
function endsOf(requests: readonly Request[]): ReadonlyMap<string, Place> {
  const ends = new Map<string, Place>();
  for (const { rows } of requests) {
    const last = rows.at(-1) as Row;
    ends.set(last.chunk.split, placeBehind(last));
  }
  return ends;
}
