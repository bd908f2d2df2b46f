/** kafkajs as the client of the port. */
import { MillraceError } from "../../../../core/errors.ts";
import type { KafkaConnection } from "../connection.ts";
import type {
  GroupMember,
  GroupOptions,
  KafkaReading,
  MessageBatch,
  OffsetQuery,
  ScanRange,
  TopicPartition,
  TopicState,
  TopicWish,
} from "../port.ts";
import { askAgain } from "./ask-again.ts";
import { Cluster } from "./cluster.ts";
import { Member } from "./member.ts";
import { byTopic } from "./by-topic.ts";
import { scanOnce } from "./scan.ts";
import { isMissing, wantedTopics } from "./topics.ts";

const EARLIEST = "-2";
const LATEST = "-1";
const READ_UNCOMMITTED = 0;

/** A client for reading. Nothing is connected before the first question. */
export function connectForReading(connection: KafkaConnection): KafkaReading {
  return new Reading(connection);
}

class Reading implements KafkaReading {
  readonly #connection: KafkaConnection;
  readonly #cluster: Cluster;
  readonly #closing = new AbortController();

  constructor(connection: KafkaConnection) {
    this.#connection = connection;
    this.#cluster = new Cluster(connection);
  }

  topics(wanted: readonly TopicWish[]): Promise<TopicState[]> {
    return this.#asking("looking up topics", async () => {
      const { topics } = await wantedTopics(this.#cluster, wanted);
      return topics.map(({ name, id, partitions }) => ({ name, id, partitions: partitions.map((p) => p.partition) }));
    });
  }

  offsets(partitions: readonly TopicPartition[], at: OffsetQuery): Promise<bigint[]> {
    return this.#asking("asking for offsets", async () => {
      const found = await listOffsets(this.#cluster, partitions, timestampOf(at));
      if (typeof at === "string" || !found.includes(-1n)) return found;
      const ends = await listOffsets(this.#cluster, partitions, LATEST);
      return found.map((offset, index) => (offset === -1n ? (ends[index] as bigint) : offset));
    });
  }

  committed(group: string, partitions: readonly TopicPartition[]): Promise<(bigint | null)[]> {
    return this.#asking(`asking for the offsets of group ${group}`, async () => {
      const coordinator = await this.#cluster.coordinator(group);
      const topics = byTopic(partitions, ({ partition }) => ({ partition }));
      const { responses } = await coordinator.offsetFetch({ groupId: group, topics });
      return partitions.map((wanted) => {
        const offset = BigInt(answerFor(responses, wanted).offset);
        return offset < 0n ? null : offset;
      });
    });
  }

  async *scan({ at, from, end }: ScanRange): AsyncGenerator<MessageBatch, void, undefined> {
    for (let next = from; next < end; ) {
      const range = { at, from: next, end };
      const { requestTimeoutMs } = this.#connection;
      const batch = await this.#asking(`reading ${at.topic}`, () => scanOnce(this.#cluster, range, requestTimeoutMs));
      if (batch === undefined) return;
      yield batch;
      next = batch.next;
    }
  }

  join(options: GroupOptions): GroupMember {
    return new Member(this.#connection, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#cluster[Symbol.dispose]();
  }

  #asking<Answer>(doing: string, ask: () => Promise<Answer>): Promise<Answer> {
    return askAgain(`${this.#cluster.address}: ${doing}`, ask, this.#closing.signal);
  }
}

function timestampOf(at: OffsetQuery): string {
  if (typeof at !== "string") return String(at.timestamp);
  return at === "earliest" ? EARLIEST : LATEST;
}

async function listOffsets(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  timestamp: string,
): Promise<bigint[]> {
  const names = [...new Set(partitions.map(({ topic }) => topic))];
  const { topics } = await cluster.metadata(names);
  const gone = topics.find(isMissing);
  if (gone !== undefined) throw new MillraceError("SOURCE_NOT_FOUND", `topic ${gone.name} does not exist`);
  const leaders = new Map(
    topics.flatMap(({ name, partitions: places }) => places.map((p) => [`${name}-${p.partition}`, p.leader] as const)),
  );
  const leaderOf = ({ topic, partition }: TopicPartition): number => leaders.get(`${topic}-${partition}`) ?? -1;
  const answers = [...Map.groupBy(partitions, leaderOf)].map(async ([leader, led]) => {
    const node = await cluster.node(leader);
    const asked = byTopic(led, ({ partition }) => ({ partition, timestamp }));
    return (await node.listOffsets({ isolationLevel: READ_UNCOMMITTED, topics: asked })).responses;
  });
  const responses = (await Promise.all(answers)).flat();
  return partitions.map((wanted) => BigInt(answerFor(responses, wanted).offset));
}

type Responses = readonly {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
}[];

function answerFor(responses: Responses, { topic, partition }: TopicPartition): { readonly offset: string } {
  const entries = responses.filter((response) => response.topic === topic).flatMap(({ partitions }) => partitions);
  const found = entries.find((entry) => entry.partition === partition);
  if (found !== undefined) return found;
  throw new MillraceError("SOURCE_FAILED", `${topic}-${partition} was left out of an answer`, { fault: "transient" });
}
