/** What the tests of reading Kafka share. */
import type { KafkaConnection } from "../../../src/connectors/kafka/client/connection.ts";
import { Sockets } from "../../../src/connectors/kafka/client/kafkajs/sockets.ts";
import { type WireBroker, wireBroker } from "../../../src/connectors/kafka/client/kafkajs/wire.ts";
import { connectForReading } from "../../../src/connectors/kafka/client/kafkajs/reading.ts";
import type {
  Generation,
  GroupMember,
  GroupOptions,
  KafkaReading,
  MessageBatch,
  PartitionReader,
} from "../../../src/connectors/kafka/client/port.ts";

const PATIENCE_MS = 20_000;

/** A client with little patience. */
export function clientOf(brokers: readonly string[], options: Partial<KafkaConnection> = {}): KafkaReading {
  const quick = { clientId: "test", ssl: false, login: null, connectTimeoutMs: 2_000, requestTimeoutMs: 5_000 };
  return connectForReading({ brokers, ...quick, ...options });
}

/** How members of tests differ from each other. */
export function membership(group: string, topics: GroupOptions["topics"], options: Partial<GroupOptions> = {}) {
  return {
    group,
    topics,
    sessionTimeoutMs: 2_000,
    refreshMs: 30_000,
    isolation: "read_committed",
    maxBatchBytes: 64 * 1024 * 1024,
    ...options,
  } as const;
}

/** The next generation, which has to come. */
export async function nextOf(member: GroupMember): Promise<Generation> {
  const generation = await member.next(AbortSignal.timeout(PATIENCE_MS));
  if (generation === undefined) throw new TypeError("no generation came");
  return generation;
}

/** Values of a batch; null for tombstones. */
export function valuesIn(batch: MessageBatch): (string | null)[] {
  return Array.from({ length: batch.count }, (_, message) => {
    const size = batch.size(message);
    const into = Buffer.alloc(Math.max(size, 0));
    batch.copy(message, into, 0);
    return size < 0 ? null : into.toString();
  });
}

/** Reads until an offset is reached. */
export async function readUntil(reader: PartitionReader, end: bigint): Promise<(string | null)[]> {
  const values: (string | null)[] = [];
  for (let next = -1n; next < end; ) {
    const batch = await reader.next();
    if (batch === undefined) throw new TypeError(`the generation ended at offset ${next}`);
    values.push(...valuesIn(batch));
    next = batch.next;
  }
  return values;
}

/** Asks for generations through an outage, as a run does; each failure is told. */
export async function nextThrough(member: GroupMember, onFailure: (thrown: unknown) => void): Promise<Generation> {
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; ) {
    try {
      return await nextOf(member);
    } catch (thrown) {
      onFailure(thrown);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new TypeError("no generation came");
}

/** A connection to one node, without anything above it. */
export async function wireTo(brokers: readonly string[]): Promise<WireBroker & AsyncDisposable> {
  const [host = "", port] = (brokers[0] ?? "").split(":");
  const sockets = new Sockets();
  const times = { connectionTimeout: 2_000, requestTimeout: 5_000 };
  const target = { host, port: Number(port), ssl: null, sasl: null, clientId: "test" };
  const broker = wireBroker({ ...target, ...times, socketFactory: sockets.factory });
  await broker.connect();
  return Object.assign(broker, { [Symbol.asyncDispose]: async () => sockets.cut() });
}
