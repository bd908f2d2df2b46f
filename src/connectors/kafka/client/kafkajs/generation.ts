/** A generation of the group as this member lives it: heartbeats, fetchers, marks, until a rebalance or a fault ends it. */
import { onAbort } from "../../../../core/abort.ts";
import { systemClock } from "../../../../core/clock.ts";
import { MillraceError } from "../../../../core/errors.ts";
import type { Generation, GroupOptions, PartitionReader, TopicPartition } from "../port.ts";
import { byTopic } from "./by-topic.ts";
import type { Cluster } from "./cluster.ts";
import { asksToRejoin, typeOf } from "./faults.ts";
import { Feed } from "./feed.ts";
import { Fetcher } from "./fetcher.ts";
import type { TopicMetadata } from "./metadata.ts";
import { pause, within } from "./patience.ts";
import { assertSameTopics, outOfRange } from "./topic-faults.ts";
import { isMissing, wantedTopics } from "./topics.ts";
import type { WireBroker } from "./wire.ts";

/** Kafka's numbers of what a fetch may be refused with. */
const OUT_OF_RANGE = 1;
const NOT_ALLOWED = 29;

const MARKS_EVERY_MS = 5_000;
const LAST_MARKS_WITHIN_MS = 2_000;
const PAUSE_AFTER_REFUSAL_MS = 200;
/** Heartbeats in a session, and the longest pause between two. */
const BEATS_A_SESSION = 10;
const LONGEST_BEAT_MS = 3_000;

/** What ends a generation: the group wants everybody to join again, or a fault. */
export type GenerationEnd =
  | { readonly kind: "rejoin"; readonly forget: boolean }
  | { readonly kind: "fault"; readonly thrown: unknown };

/** What a member knows when it has joined. */
export interface Membership {
  readonly cluster: Cluster;
  readonly coordinator: WireBroker;
  readonly memberId: string;
  readonly number: number;
  readonly partitions: readonly TopicPartition[];
  /** The topics that this member wants, as they were when it joined. */
  readonly topics: readonly TopicMetadata[];
  readonly options: GroupOptions;
  readonly requestTimeoutMs: number;
}

/** A generation with partitions or without; disposing stops what it does. */
export class LiveGeneration implements Generation, AsyncDisposable {
  readonly number: number;
  readonly partitions: readonly TopicPartition[];
  /** Resolves when it is over. */
  readonly over: Promise<GenerationEnd>;
  readonly #membership: Membership;
  readonly #end = Promise.withResolvers<GenerationEnd>();
  readonly #ending = new AbortController();
  readonly #feeds = new Map<string, Feed>();
  readonly #fetchers = new Map<number, Fetcher>();
  readonly #marks = new Map<string, TopicPartition & { readonly offset: bigint }>();
  #topics: readonly TopicMetadata[];
  #refreshing: Promise<void> | undefined;

  constructor(membership: Membership) {
    this.#membership = membership;
    this.#topics = membership.topics;
    this.number = membership.number;
    this.partitions = membership.partitions;
    this.over = this.#end.promise;
    const { sessionTimeoutMs, refreshMs } = membership.options;
    this.#every(Math.min(sessionTimeoutMs / BEATS_A_SESSION, LONGEST_BEAT_MS), () => this.#beat());
    this.#every(refreshMs, () => this.#refresh());
    this.#every(MARKS_EVERY_MS, () => this.#sendMarks());
  }

  get ended(): AbortSignal {
    return this.#ending.signal;
  }

  topicId(topic: string): string | null {
    return this.#membership.topics.find(({ name }) => name === topic)?.id ?? null;
  }

  async confirm(): Promise<void> {
    if (!this.ended.aborted) await this.#beat().catch((thrown: unknown) => this.#stop(endOf(thrown)));
    if (this.ended.aborted) throw new MillraceError("ABORTED", `generation ${this.number} of the group is over`);
  }

  mark(at: TopicPartition, offset: bigint): void {
    this.#marks.set(nameOf(at), { ...at, offset });
  }

  read(at: TopicPartition, from: bigint): PartitionReader {
    const feed = new Feed(at, from, () => this.#fetcherOf(at)?.wake());
    this.#feeds.get(nameOf(at))?.[Symbol.dispose]();
    if (this.ended.aborted) feed[Symbol.dispose]();
    this.#feeds.set(nameOf(at), feed);
    this.#startFetchers();
    this.#fetcherOf(at)?.wake();
    return feed;
  }

  /** Stops, and sends what was marked: a group that waits for everybody to join again still takes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop({ kind: "rejoin", forget: false });
    await within(LAST_MARKS_WITHIN_MS, this.#sendMarks());
  }

  #stop(end: GenerationEnd): void {
    this.#end.resolve(end);
    this.#ending.abort();
    for (const feed of this.#feeds.values()) feed[Symbol.dispose]();
    for (const fetcher of this.#fetchers.values()) fetcher.wake();
  }

  /** Does something again and again, one after the other; a fault ends the generation. */
  #every(pauseMs: number, work: () => Promise<void>): void {
    let timer: Disposable;
    const next = (): void => {
      work().then(arm, (thrown: unknown) => this.#stop(endOf(thrown)));
    };
    const arm = (): void => {
      if (!this.ended.aborted) timer = systemClock.timer(pauseMs, next);
    };
    arm();
    onAbort(this.ended, () => timer[Symbol.dispose]());
  }

  async #beat(): Promise<void> {
    const { coordinator, memberId, options } = this.#membership;
    await coordinator.heartbeat({ groupId: options.group, groupGenerationId: this.number, memberId });
  }

  async #sendMarks(): Promise<void> {
    if (this.#marks.size === 0) return;
    const marks = [...this.#marks.values()];
    this.#marks.clear();
    const topics = byTopic(marks, ({ partition, offset }) => ({ partition, offset: String(offset) }));
    const { coordinator, memberId, options } = this.#membership;
    const group = { groupId: options.group, groupGenerationId: this.number, memberId };
    await coordinator.offsetCommit({ ...group, topics });
  }

  /** Looks at the topics anew; one at a time. */
  #refresh(): Promise<void> {
    this.#refreshing ??= this.#lookAgain().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #lookAgain(): Promise<void> {
    const { cluster, options, topics: known } = this.#membership;
    const { topics } = await wantedTopics(cluster, options.topics);
    assertSameTopics(cluster.address, topics, new Map(known.map(({ name, id }) => [name, id])));
    if (shapeOf(topics) !== shapeOf(known)) return this.#stop({ kind: "rejoin", forget: false });
    this.#topics = topics;
    this.#startFetchers();
    for (const fetcher of this.#fetchers.values()) fetcher.wake();
  }

  #leaderOf({ topic, partition }: TopicPartition): number {
    const places = this.#topics.find(({ name }) => name === topic)?.partitions;
    return places?.find((place) => place.partition === partition)?.leader ?? -1;
  }

  #fetcherOf(at: TopicPartition): Fetcher | undefined {
    return this.#fetchers.get(this.#leaderOf(at));
  }

  #startFetchers(): void {
    for (const { at } of this.#feeds.values()) {
      const leader = this.#leaderOf(at);
      if (this.#fetchers.has(leader) || this.ended.aborted) continue;
      const fetcher = this.#makeFetcher(leader);
      this.#fetchers.set(leader, fetcher);
      this.#keepRunning(fetcher).catch((thrown: unknown) => this.#stop(endOf(thrown)));
    }
  }

  #makeFetcher(leader: number): Fetcher {
    const { cluster, options, requestTimeoutMs, partitions } = this.#membership;
    const isLed = (at: TopicPartition): boolean => this.#leaderOf(at) === leader;
    return new Fetcher({
      connect: () => cluster.node(leader),
      led: () => ({
        feeds: [...this.#feeds.values()].filter(({ at }) => isLed(at)),
        count: partitions.filter(isLed).length,
      }),
      ahead: () => this.#feeds.values().reduce((sum, { bytes }) => sum + bytes, 0),
      isolation: options.isolation,
      requestTimeoutMs,
      ended: this.ended,
      onRefused: (feed, error) => this.#refused(feed, error),
    });
  }

  /** A node may go while others take its partitions over: it is asked again as long as the cluster answers. */
  async #keepRunning(fetcher: Fetcher): Promise<void> {
    while (!this.ended.aborted) {
      try {
        await fetcher.run();
      } catch {
        await this.#pauseAndRefresh();
      }
    }
  }

  async #refused(feed: Feed, error: number): Promise<void> {
    if (error === OUT_OF_RANGE) return feed.fail(await this.#outOfRange(feed));
    if (error === NOT_ALLOWED) {
      const message = `${this.#membership.cluster.address}: reading ${nameOf(feed.at)}: not allowed; grant the user Read on the topic`;
      return this.#stop({ kind: "fault", thrown: new MillraceError("SOURCE_FAILED", message) });
    }
    await this.#pauseAndRefresh();
  }

  async #pauseAndRefresh(): Promise<void> {
    await pause(PAUSE_AFTER_REFUSAL_MS, this.ended);
    if (!this.ended.aborted) await this.#refresh();
  }

  async #outOfRange({ at, position }: Feed): Promise<MillraceError> {
    const { cluster } = this.#membership;
    const node = await cluster.node(this.#leaderOf(at));
    const edge = async (timestamp: string): Promise<string> => {
      const topics = [{ topic: at.topic, partitions: [{ partition: at.partition, timestamp }] }];
      const { responses } = await node.listOffsets({ isolationLevel: 0, topics });
      return responses[0]?.partitions[0]?.offset ?? "?";
    };
    const [first, end] = [await edge("-2"), await edge("-1")];
    return outOfRange(cluster.address, { ...at, position, first, end });
  }
}

/** The name of a partition, for people and as a key. */
function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

/** What has to stay for a generation to go on: topics and their number of partitions. */
function shapeOf(topics: readonly TopicMetadata[]): string {
  return JSON.stringify(
    topics.filter((topic) => !isMissing(topic)).map(({ name, partitions }) => [name, partitions.length]),
  );
}

function endOf(thrown: unknown): GenerationEnd {
  if (!asksToRejoin(thrown)) return { kind: "fault", thrown };
  return { kind: "rejoin", forget: typeOf(thrown) === "UNKNOWN_MEMBER_ID" };
}
