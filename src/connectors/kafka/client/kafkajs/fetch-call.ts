/**
 * The request for records. kafkajs would read each record into an object, and fail as a whole for one partition.
 *
 * Source: Apache Kafka, FetchRequest.json and FetchResponse.json, version 11.
 */
import type { TopicPartition } from "../port.ts";
import { type AbortedTransaction } from "../records/record-batches.ts";
import { Cursor } from "../records/cursor.ts";
import { byTopic } from "./by-topic.ts";
import { wireBody, type WireCall } from "./wire.ts";

const FETCH = 1;
const VERSION = 11;
const NO_REPLICA = -1;
const NO_SESSION = [0, -1] as const;
const NO_EPOCH = -1;
/** Beyond the wait that the request itself asks for. */
const ANSWER_WITHIN_MS = 5_000;

/** Partitions and where each goes on. */
export interface FetchOptions {
  readonly from: readonly (TopicPartition & { readonly position: bigint })[];
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly maxPartitionBytes: number;
  readonly isolation: "read_committed" | "read_uncommitted";
}

/** What came of one partition. */
export interface FetchedPartition extends TopicPartition {
  /** Kafka's number of the fault; 0 for none. */
  readonly error: number;
  readonly aborted: readonly AbortedTransaction[];
  readonly bytes: Buffer;
}

/** What a node answered. */
export interface FetchAnswer {
  readonly partitions: readonly FetchedPartition[];
  /** The memory that the partitions' bytes lie in. */
  readonly raw: Buffer;
}

/** The request. @param requestTimeoutMs how long answers take that nothing is waited for */
export function fetchCall(options: FetchOptions, requestTimeoutMs: number): WireCall<FetchAnswer> {
  return {
    request: { apiKey: FETCH, apiVersion: VERSION, apiName: "Fetch", encode: async () => wireBody(bodyOf(options)) },
    response: { decode: async (raw) => readAnswer(raw), parse: async (answer) => answer },
    requestTimeout: options.maxWaitMs + Math.max(requestTimeoutMs, ANSWER_WITHIN_MS),
  };
}

function bodyOf({ from, maxWaitMs, maxBytes, maxPartitionBytes, isolation }: FetchOptions): Buffer {
  const topics = byTopic(from, ({ partition, position }) =>
    Buffer.concat([int32(partition), int32(NO_EPOCH), int64(position), int64(-1n), int32(maxPartitionBytes)]),
  );
  const head = [NO_REPLICA, maxWaitMs, 1, maxBytes].map(int32);
  const level = Buffer.of(isolation === "read_committed" ? 1 : 0);
  const entries = topics.flatMap(({ topic, partitions }) => [text(topic), int32(partitions.length), ...partitions]);
  const nothingForgotten = int32(0);
  const session = NO_SESSION.map(int32);
  return Buffer.concat([...head, level, ...session, int32(topics.length), ...entries, nothingForgotten, text("")]);
}

function readAnswer(raw: Buffer): FetchAnswer {
  const cursor = new Cursor(raw);
  cursor.int32();
  cursor.int16();
  cursor.int32();
  const topics = cursor.list(() => {
    const topic = cursor.text() ?? "";
    return cursor.list(() => readPartition(cursor, topic));
  });
  return { partitions: topics.flat(), raw };
}

function readPartition(cursor: Cursor, topic: string): FetchedPartition {
  const partition = cursor.int32();
  const error = cursor.int16();
  cursor.skip(3 * 8);
  const aborted = cursor.list(() => ({ producerId: cursor.int64(), firstOffset: cursor.int64() }));
  cursor.int32();
  const size = Math.max(cursor.int32(), 0);
  const begin = cursor.at;
  cursor.skip(size);
  return { topic, partition, error, aborted, bytes: cursor.bytes.subarray(begin, begin + size) };
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const size = Buffer.allocUnsafe(2);
  size.writeInt16BE(bytes.length);
  return Buffer.concat([size, bytes]);
}
