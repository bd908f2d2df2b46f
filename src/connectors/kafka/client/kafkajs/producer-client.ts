/** kafkajs as the sink's client: producers, and the few questions that a sink has. */
import type { Kafka } from "kafkajs";
import { type Clock, sleep } from "../../../../core/clock.ts";
import { isMillraceError, MillraceError } from "../../../../core/errors.ts";
import { nearestName } from "../../../../core/nearest.ts";
import type { KafkaConnection } from "../connection.ts";
import type {
  Compression,
  IdempotentProducer,
  KeptMessage,
  ProducerClient,
  TopicSettings,
  TransactionalProducer,
} from "../producer-port.ts";
import { type ClusterSlice, clusterOf, type FetchedPartition, visibleMessages } from "./cluster-slice.ts";
import { kafkaOf, RETRY } from "./kafka.ts";
import { openProducer, openTransactions, type ProducerSettings, TRANSACTION_TIMEOUT_MS } from "./producer.ts";
import { kafkaTypeOf, sendFault } from "./send-faults.ts";
import { Sockets } from "./sockets.ts";

const TRANSACTION_COORDINATOR = 1;
const READ_COMMITTED = 1;
const FETCH_WAIT_MS = 100;
const FETCH_BYTES = 4 * 1024 * 1024;

/** Answers that say: not yet, or ask another node. */
const PASSING = new Set([
  "CONCURRENT_TRANSACTIONS",
  "GROUP_LOAD_IN_PROGRESS",
  "GROUP_COORDINATOR_NOT_AVAILABLE",
  "NOT_COORDINATOR_FOR_GROUP",
  "NOT_LEADER_FOR_PARTITION",
  "LEADER_NOT_AVAILABLE",
]);
const PASSING_ATTEMPTS = 60;
const PASSING_PAUSE_MS = 50;

/** What a client is made of. */
export interface ProducerClientOptions {
  readonly connection: KafkaConnection;
  readonly compression: Compression;
  readonly clock: Clock;
}

/** Connects when it is first asked something. */
export class KafkaJsProducerClient implements ProducerClient {
  readonly #label: string;
  readonly #settings: ProducerSettings;
  readonly #kafka: Kafka;
  readonly #clock: Clock;
  readonly #patienceMs: number;
  readonly #sockets = new Sockets();
  readonly #closing = new AbortController();
  readonly #open = new Set<AsyncDisposable>();
  #cluster: Promise<ClusterSlice> | undefined;

  constructor({ connection, compression, clock }: ProducerClientOptions) {
    this.#label = `kafka ${connection.brokers[0] ?? ""}`;
    this.#kafka = kafkaOf(connection, this.#sockets);
    this.#settings = { kafka: this.#kafka, label: this.#label, compression, closing: this.#closing.signal };
    this.#clock = clock;
    // One answer may be waited for in vain while a broker goes away.
    this.#patienceMs = 2 * connection.requestTimeoutMs;
  }

  async partitionsOf(topic: string): Promise<number> {
    try {
      return await this.#ask(`looking for the topic ${topic}`, async (cluster) => {
        await cluster.addTargetTopic(topic);
        await cluster.refreshMetadata();
        return cluster.findTopicPartitionMetadata(topic).length;
      });
    } catch (thrown) {
      throw isMillraceError(thrown, "TABLE_UNKNOWN") ? await this.#noTopic(topic, thrown) : thrown;
    }
  }

  async ensureTopic(topic: string, { partitions, settings }: TopicSettings): Promise<void> {
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
    const admin = this.#kafka.admin({ retry: RETRY });
    try {
      await admin.connect();
      // False where it is there already. -1: as many copies as the cluster gives a topic by itself.
      const topics = [{ topic, numPartitions: partitions, replicationFactor: -1, configEntries }];
      await admin.createTopics({ topics, waitForLeaders: true });
    } catch (thrown) {
      throw sendFault(firstOf(thrown), `${this.#label}: creating the topic ${topic}`);
    } finally {
      await admin.disconnect();
    }
  }

  openProducer(): Promise<IdempotentProducer> {
    return this.#inTime("connecting", this.#kept(openProducer(this.#settings)));
  }

  openTransactions(transactionalId: string): Promise<TransactionalProducer> {
    return this.#inTime(
      `taking ${transactionalId} over`,
      this.#kept(openTransactions(this.#settings, transactionalId)),
    );
  }

  fence(transactionalId: string): Promise<void> {
    return this.#ask(`taking ${transactionalId} over`, async (cluster) => {
      const coordinatorType = TRANSACTION_COORDINATOR;
      const coordinator = await cluster.findGroupCoordinator({ groupId: transactionalId, coordinatorType });
      await coordinator.initProducerId({ transactionalId, transactionTimeout: TRANSACTION_TIMEOUT_MS });
    });
  }

  async readCommitted(
    topic: string,
    from: bigint,
    take: (message: KeptMessage) => void,
    upTo: "end" | "open",
  ): Promise<bigint> {
    const patience = this.#clock.monotonic() + TRANSACTION_TIMEOUT_MS + TRANSACTION_TIMEOUT_MS / 2;
    let next = from;
    let end: bigint | undefined;
    do {
      const fetched = await this.#fetch(topic, next, end === undefined ? 0 : FETCH_WAIT_MS);
      end ??= BigInt(upTo === "end" ? fetched.highWatermark : fetched.lastStableOffset);
      for (const { key, value } of visibleMessages(topic, next, fetched)) {
        take({ key: key?.toString() ?? "", value: value === null ? null : value.toString() });
      }
      const last = fetched.messages.at(-1);
      // Nothing up to where all is decided: what was there has been compacted away.
      if (last !== undefined) next = BigInt(last.offset) + 1n;
      else if (BigInt(fetched.lastStableOffset) >= end) next = end;
      if (next < end && this.#clock.monotonic() > patience) {
        throw new MillraceError("SINK_UNAVAILABLE", `${this.#label}: ${topic}: a transaction there does not end`);
      }
    } while (next < end);
    return next;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Whoever still waits for an answer is told now; kafkajs would wait for it.
    this.#closing.abort();
    this.#sockets.cut();
    for (const open of this.#open) await open[Symbol.asyncDispose]();
    const cluster = await this.#cluster?.catch(() => undefined);
    await cluster?.disconnect();
  }

  /** With a topic whose name is like it, if there is one. */
  async #noTopic(topic: string, thrown: MillraceError): Promise<MillraceError> {
    const admin = this.#kafka.admin({ retry: RETRY });
    try {
      await admin.connect();
      const near = nearestName(topic, await admin.listTopics());
      if (near === undefined) return thrown;
      const message = `${this.#label}: there is no topic ${topic}; did you mean ${near}?`;
      return new MillraceError("TABLE_UNKNOWN", message, { cause: thrown.cause, details: thrown.details });
    } catch {
      return thrown;
    } finally {
      await admin.disconnect().catch(() => {});
    }
  }

  async #fetch(topic: string, from: bigint, maxWaitTime: number): Promise<FetchedPartition> {
    const fetched = await this.#ask(`reading ${topic}`, async (cluster) => {
      await cluster.addTargetTopic(topic);
      const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [0]));
      if (nodeId === undefined) throw new MillraceError("SINK_UNAVAILABLE", `${this.#label}: ${topic} has no leader`);
      const broker = await cluster.findBroker({ nodeId });
      const partitions = [{ partition: 0, fetchOffset: String(from), maxBytes: FETCH_BYTES }];
      return await broker.fetch({
        isolationLevel: READ_COMMITTED,
        maxWaitTime,
        maxBytes: FETCH_BYTES,
        topics: [{ topic, partitions }],
      });
    });
    const [partition] = fetched.responses.flatMap(({ partitions }) => partitions);
    if (partition !== undefined) return partition;
    throw new MillraceError("SINK_UNAVAILABLE", `${this.#label}: ${topic}: an empty answer`);
  }

  /** Asks the cluster. */
  #ask<T>(doing: string, work: (cluster: ClusterSlice) => Promise<T>): Promise<T> {
    return this.#inTime(doing, this.#askUntilAnswered(doing, work));
  }

  /** kafkajs waits for one answer after the other where somebody takes connections and says nothing. */
  async #inTime<T>(doing: string, work: Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    using _timer = this.#clock.timer(this.#patienceMs, () => {
      const seconds = Math.ceil(this.#patienceMs / 1_000);
      const message = `${this.#label}: ${doing}: no answer within ${seconds} s; check brokers and the network`;
      late.reject(new MillraceError("SINK_UNAVAILABLE", message));
    });
    return await Promise.race([work, late.promise]);
  }

  /** What will pass is asked again, over new connections after a failure. */
  async #askUntilAnswered<T>(doing: string, work: (cluster: ClusterSlice) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work(await this.#connect());
      } catch (thrown) {
        if (!PASSING.has(kafkaTypeOf(thrown)) || attempt === PASSING_ATTEMPTS) {
          await this.#forgetCluster();
          throw sendFault(thrown, `${this.#label}: ${doing}`);
        }
        await sleep(this.#clock, PASSING_PAUSE_MS);
        await (await this.#connect()).refreshMetadata().catch(() => {});
      }
    }
  }

  #connect(): Promise<ClusterSlice> {
    this.#cluster ??= (async () => {
      const cluster = clusterOf(this.#kafka);
      await cluster.connect();
      return cluster;
    })();
    return this.#cluster;
  }

  async #forgetCluster(): Promise<void> {
    const forgotten = this.#cluster;
    this.#cluster = undefined;
    await (await forgotten?.catch(() => undefined))?.disconnect().catch(() => {});
  }

  /** Remembers a producer until it is let go of. */
  async #kept<T extends AsyncDisposable>(opening: Promise<T>): Promise<T> {
    const opened = await opening;
    this.#open.add(opened);
    const dispose = opened[Symbol.asyncDispose].bind(opened);
    return Object.assign(opened, {
      [Symbol.asyncDispose]: async () => {
        if (this.#open.delete(opened)) await dispose();
      },
    });
  }
}

/** kafkajs tells of several topics at once. */
function firstOf(thrown: unknown): unknown {
  return (thrown as { errors?: readonly unknown[] }).errors?.[0] ?? thrown;
}
