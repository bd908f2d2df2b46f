/** The partitions of a generation that are read, and a fetcher for each node that leads some of them. */
import { MillraceError } from "../../../../core/errors.ts";
import { splitName } from "../../split-name.ts";
import type { GroupOptions, PartitionReader, TopicPartition } from "../port.ts";
import type { Cluster } from "./cluster.ts";
import { faultOf } from "./faults.ts";
import { Feed } from "./feed.ts";
import { Fetcher } from "./fetcher.ts";
import type { TopicMetadata } from "./metadata.ts";
import { pause } from "./patience.ts";
import { outOfRange } from "./topic-faults.ts";

/** Kafka's numbers of what a fetch may be refused with. */
const OUT_OF_RANGE = 1;
const NOT_ALLOWED = 29;
const PAUSE_AFTER_REFUSAL_MS = 200;
/** Kafka's words for the first and the last offset. */
const [EARLIEST, LATEST] = ["-2", "-1"];

/** What {@link Fetching} is given by its generation. */
export interface FetchingOptions extends Pick<GroupOptions, "isolation" | "maxBatchBytes"> {
  readonly cluster: Cluster;
  readonly partitions: readonly TopicPartition[];
  /** With the leaders of their partitions. */
  readonly topics: readonly TopicMetadata[];
  readonly requestTimeoutMs: number;
  readonly ended: AbortSignal;
  /** Looks at the topics anew; what it finds comes by `follow`. */
  readonly refresh: () => Promise<void>;
  /** Nothing can be read any more. */
  readonly onFault: (thrown: unknown) => void;
}

/** Reads partitions, wherever they are. */
export class Fetching {
  readonly #options: FetchingOptions;
  readonly #feeds = new Map<string, Feed>();
  readonly #fetchers = new Map<number, Fetcher>();
  #topics: readonly TopicMetadata[];

  constructor(options: FetchingOptions) {
    this.#options = options;
    this.#topics = options.topics;
  }

  /** Reads a partition; the reader before it ends. */
  read(at: TopicPartition, from: bigint): PartitionReader {
    const name = splitName(at);
    const feed = new Feed(at, from, () => this.#fetcherOf(at)?.wake());
    this.#feeds.get(name)?.[Symbol.dispose]();
    this.#feeds.set(name, feed);
    if (this.#options.ended.aborted) feed[Symbol.dispose]();
    this.#startFetchers();
    this.#fetcherOf(at)?.wake();
    return feed;
  }

  /** Leaders may be others now. */
  follow(topics: readonly TopicMetadata[]): void {
    this.#topics = topics;
    this.#startFetchers();
    for (const fetcher of this.#fetchers.values()) fetcher.wake();
  }

  /** Ends every reader. */
  close(): void {
    for (const feed of this.#feeds.values()) feed[Symbol.dispose]();
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
      if (this.#fetchers.has(leader) || this.#options.ended.aborted) continue;
      const fetcher = this.#makeFetcher(leader);
      this.#fetchers.set(leader, fetcher);
      this.#keepRunning(fetcher).catch(this.#options.onFault);
    }
  }

  #makeFetcher(leader: number): Fetcher {
    const { cluster, partitions, isolation, maxBatchBytes, requestTimeoutMs, ended } = this.#options;
    const isLed = (at: TopicPartition): boolean => this.#leaderOf(at) === leader;
    return new Fetcher({
      connect: () => cluster.node(leader),
      answers: cluster.answers,
      led: () => ({
        feeds: [...this.#feeds.values()].filter(({ at }) => isLed(at)),
        count: partitions.filter(isLed).length,
      }),
      ahead: () => this.#feeds.values().reduce((sum, { bytes }) => sum + bytes, 0),
      isolation,
      maxBatchBytes,
      address: cluster.address,
      requestTimeoutMs,
      ended,
      onRefused: (feed, error) => this.#refused(feed, error),
    });
  }

  /** A node may go while others take its partitions over: it is asked again as long as the cluster answers. */
  async #keepRunning(fetcher: Fetcher): Promise<void> {
    while (!this.#options.ended.aborted) {
      try {
        await fetcher.run();
      } catch (thrown) {
        if (!faultOf(thrown, this.#options.cluster.address).retryable) throw thrown;
        await this.#pauseAndRefresh();
      }
    }
  }

  async #refused(feed: Feed, error: number): Promise<void> {
    if (error === OUT_OF_RANGE) return feed.fail(await this.#outOfRange(feed));
    if (error === NOT_ALLOWED) {
      const message = `${this.#options.cluster.address}: reading ${splitName(feed.at)}: not allowed; grant the user Read on the topic`;
      return this.#options.onFault(new MillraceError("SOURCE_FAILED", message));
    }
    await this.#pauseAndRefresh();
  }

  async #pauseAndRefresh(): Promise<void> {
    await pause(PAUSE_AFTER_REFUSAL_MS, this.#options.ended);
    if (!this.#options.ended.aborted) await this.#options.refresh();
  }

  async #outOfRange({ at, position }: Feed): Promise<MillraceError> {
    const { cluster } = this.#options;
    const node = await cluster.node(this.#leaderOf(at));
    const edge = async (timestamp: string): Promise<string> => {
      const topics = [{ topic: at.topic, partitions: [{ partition: at.partition, timestamp }] }];
      const { responses } = await node.listOffsets({ isolationLevel: 0, topics });
      return responses[0]?.partitions[0]?.offset ?? "?";
    };
    const [first, end] = [await edge(EARLIEST), await edge(LATEST)];
    return outOfRange(cluster.address, { ...at, position, first, end });
  }
}
