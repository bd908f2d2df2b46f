/**
 * The slice of kafkajs' cluster that its own clients do not show: to take a transactional id over without a producer, and
 * to read a partition without a consumer group. kafkajs is pinned to one version, which is its last.
 */
import { createRequire } from "node:module";
import type { Kafka } from "kafkajs";
import { MillraceError } from "../../../../core/errors.ts";

const require = createRequire(import.meta.url);

/** A partition's share of a fetch. */
export interface FetchedPartition {
  readonly highWatermark: string;
  readonly lastStableOffset: string;
  readonly messages: readonly { readonly offset: string }[];
}

/** A node of the cluster. */
export interface SliceBroker {
  initProducerId(request: { transactionalId: string; transactionTimeout: number }): Promise<unknown>;
  fetch(request: {
    isolationLevel: number;
    maxWaitTime: number;
    maxBytes: number;
    topics: readonly {
      topic: string;
      partitions: readonly { partition: number; fetchOffset: string; maxBytes: number }[];
    }[];
  }): Promise<{ responses: readonly { partitions: readonly FetchedPartition[] }[] }>;
}

/** A cluster. Every method rejects with an error of kafkajs. */
export interface ClusterSlice {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number }[];
  findLeaderForPartitions(topic: string, partitions: readonly number[]): { readonly [node: string]: readonly number[] };
  findBroker(node: { nodeId: string }): Promise<SliceBroker>;
  findGroupCoordinator(request: { groupId: string; coordinatorType: number }): Promise<SliceBroker>;
}

/** A message that a reader may see. */
interface VisibleMessage {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

type BatchClass = new (
  topic: string,
  fetchedOffset: string,
  partition: FetchedPartition,
) => { readonly messages: readonly VisibleMessage[] };

const Batch = require("kafkajs/src/consumer/batch") as BatchClass;

type CreateCluster = (options: { metadataMaxAge: number; allowAutoTopicCreation: false }) => ClusterSlice;

const CREATE_CLUSTER = "private:Kafka:createCluster";
const METADATA_MAX_AGE_MS = 300_000;

/** A cluster of its own connections, as a kafkajs client would make it. */
export function clusterOf(kafka: Kafka): ClusterSlice {
  const hidden = kafka as unknown as { readonly [key: symbol]: CreateCluster };
  const key = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === CREATE_CLUSTER);
  const create = key && hidden[key];
  if (create === undefined)
    throw new MillraceError("INVARIANT", "kafkajs is not the version that this was written for");
  return create({ metadataMaxAge: METADATA_MAX_AGE_MS, allowAutoTopicCreation: false });
}

/** The messages of a fetch that were not aborted and are no marks of transactions. */
export function visibleMessages(topic: string, from: bigint, fetched: FetchedPartition): readonly VisibleMessage[] {
  return new Batch(topic, String(from), fetched).messages;
}
