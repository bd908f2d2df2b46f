/**
 * Fetches from one node what is wanted of it, one request after another (a node answers them in turn).
 *
 * A request waits at the broker for as long as there is nothing new. While it waits nobody can be added to it: so it
 * waits long only if every partition of the node is in it, and else briefly, for longer the longer nobody asks. With
 * nothing wanted no request is made at all; heartbeats have a timer of their own.
 */
import type { AnswerMemory } from "./answer-memory.ts";
import type { Feed } from "./feed.ts";
import { splitName } from "../../split-name.ts";
import { readRecords } from "../records/record-batches.ts";
import { type FetchAnswer, type FetchedPartition, fetchCall } from "./fetch-call.ts";
import type { WireBroker } from "./wire.ts";

const LONG_WAIT_MS = 500;
const SHORT_WAIT_MS = 10;
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_PARTITION_BYTES = 1024 * 1024;
/** What may lie unread of all partitions before only those are fetched that somebody waits for. */
const MAX_AHEAD_BYTES = 32 * 1024 * 1024;

/** What a fetcher is given by its generation. */
export interface FetcherOptions {
  /** The node, connected. */
  readonly connect: () => Promise<WireBroker>;
  /** Where its answers lie. */
  readonly answers: AnswerMemory;
  /** The partitions that the node leads, those without a reader left out; and how many it leads with them. */
  readonly led: () => { readonly feeds: readonly Feed[]; readonly count: number };
  /** Bytes that lie unread, of all nodes. */
  readonly ahead: () => number;
  readonly isolation: "read_committed" | "read_uncommitted";
  /** What a batch may inflate to. */
  readonly maxBatchBytes: number;
  /** For messages: `kafka 10.0.0.1:9092`. */
  readonly address: string;
  readonly requestTimeoutMs: number;
  readonly ended: AbortSignal;
  /** A partition was refused. Resolves when it makes sense to ask again. */
  readonly onRefused: (feed: Feed, error: number) => Promise<void>;
}

/** The loop of one node. */
export class Fetcher {
  readonly #options: FetcherOptions;
  #bell = Promise.withResolvers<void>();
  #shortWaitMs = SHORT_WAIT_MS;
  #turn = 0;

  constructor(options: FetcherOptions) {
    this.#options = options;
  }

  /** Somebody reads on, or other partitions are led. */
  wake(): void {
    this.#shortWaitMs = SHORT_WAIT_MS;
    this.#bell.resolve();
  }

  /** Works until the generation ends. @throws what a connection throws */
  async run(): Promise<void> {
    const { ended } = this.#options;
    while (!ended.aborted) {
      this.#bell = Promise.withResolvers();
      const { feeds, count } = this.#options.led();
      const wanted = this.#wanted(feeds);
      if (wanted.length === 0) await this.#bell.promise;
      else await this.#fetch(wanted, wanted.length === count);
    }
  }

  #wanted(feeds: readonly Feed[]): Feed[] {
    const mayReadAhead = this.#options.ahead() < MAX_AHEAD_BYTES;
    const wanted = feeds.filter((feed) => feed.hasRoom && (mayReadAhead || feed.isAwaited));
    // a broker fills an answer in the order of the request: each has its turn to be first
    const first = wanted.length === 0 ? 0 : this.#turn++ % wanted.length;
    return [...wanted.slice(first), ...wanted.slice(0, first)];
  }

  async #fetch(wanted: readonly Feed[], isAll: boolean): Promise<void> {
    const { isolation, requestTimeoutMs, ended } = this.#options;
    const maxWaitMs = isAll ? LONG_WAIT_MS : this.#shortWait();
    const from = wanted.map(({ at, position }) => ({ ...at, position }));
    const limits = { maxWaitMs, maxBytes: MAX_BYTES, maxPartitionBytes: MAX_PARTITION_BYTES };
    const broker = await this.#options.connect();
    const answer = await broker.connectionPool.send(fetchCall({ from, ...limits, isolation }, requestTimeoutMs));
    if (ended.aborted) return;
    const feeds = new Map(wanted.map((feed) => [`${feed.at.topic}-${feed.at.partition}`, feed]));
    const hold = this.#holdersOf(answer);
    const release = hold();
    for (const fetched of answer.partitions) {
      const feed = feeds.get(`${fetched.topic}-${fetched.partition}`);
      if (feed !== undefined) await this.#hand(feed, fetched, hold);
    }
    release();
  }

  /** Makes holders of an answer's memory; it is given back when each of them has let go. */
  #holdersOf({ raw }: FetchAnswer): () => () => void {
    let holders = 0;
    return () => {
      holders++;
      return () => {
        if (--holders === 0) this.#options.answers.giveBack(raw);
      };
    };
  }

  #shortWait(): number {
    const wait = this.#shortWaitMs;
    this.#shortWaitMs = Math.min(wait * 2, LONG_WAIT_MS / 2);
    return wait;
  }

  async #hand(feed: Feed, { error, bytes, aborted }: FetchedPartition, hold: () => () => void): Promise<void> {
    if (error !== 0) return this.#options.onRefused(feed, error);
    if (bytes.length === 0) return;
    const { address, maxBatchBytes } = this.#options;
    const [from, place] = [feed.position, `${address}: ${splitName(feed.at)}`];
    try {
      const batch = await readRecords({ bytes, from, aborted, place, maxBatchBytes });
      if (batch.next > from && feed.deliver(batch, batch.bytes)) batch.onDone = hold();
    } catch (thrown) {
      feed.fail(thrown);
    }
  }
}
