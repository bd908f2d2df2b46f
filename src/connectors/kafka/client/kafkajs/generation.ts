/** A generation of the group as this member lives it: heartbeats, fetchers, marks, until a rebalance or a fault ends it. */
import { onAbort } from "../../../../core/abort.ts";
import { systemClock } from "../../../../core/clock.ts";
import { MillraceError } from "../../../../core/errors.ts";
import type { Generation, GroupOptions, PartitionReader, TopicPartition } from "../port.ts";
import { splitName } from "../../split-name.ts";
import { byTopic } from "./by-topic.ts";
import type { Cluster } from "./cluster.ts";
import { asksToRejoin, typeOf } from "./faults.ts";
import { Fetching } from "./fetching.ts";
import type { TopicMetadata } from "./metadata.ts";
import { within } from "./patience.ts";
import { assertSameTopics } from "./topic-faults.ts";
import { isMissing, wantedTopics } from "./topics.ts";
import type { WireBroker } from "./wire.ts";

const MARKS_EVERY_MS = 5_000;
const LAST_MARKS_WITHIN_MS = 2_000;
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
  readonly #fetching: Fetching;
  readonly #marks = new Map<string, TopicPartition & { readonly offset: bigint }>();
  #refreshing: Promise<void> | undefined;

  constructor(membership: Membership) {
    this.#membership = membership;
    this.number = membership.number;
    this.partitions = membership.partitions;
    this.over = this.#end.promise;
    const { sessionTimeoutMs, refreshMs, isolation, maxBatchBytes } = membership.options;
    this.#fetching = new Fetching({
      ...membership,
      isolation,
      maxBatchBytes,
      ended: this.ended,
      refresh: () => this.#refresh(),
      onFault: (thrown) => this.#stop(endOf(thrown)),
    });
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
    this.#marks.set(splitName(at), { ...at, offset });
  }

  read(at: TopicPartition, from: bigint): PartitionReader {
    return this.#fetching.read(at, from);
  }

  /** Stops, and sends what was marked: a group that waits for everybody to join again still takes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop({ kind: "rejoin", forget: false });
    await within(LAST_MARKS_WITHIN_MS, this.#sendMarks());
  }

  #stop(end: GenerationEnd): void {
    this.#end.resolve(end);
    this.#ending.abort();
    this.#fetching.close();
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
    this.#fetching.follow(topics);
  }
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
