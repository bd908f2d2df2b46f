/** One partition read from an offset to another one, outside of any group and without waiting for more. */
import { MillraceError } from "../../../../core/errors.ts";
import { splitName } from "../../split-name.ts";
import type { MessageBatch, ScanRange } from "../port.ts";
import { readRecords } from "../records/record-batches.ts";
import type { Cluster } from "./cluster.ts";
import { fetchCall, type FetchedPartition } from "./fetch-call.ts";

const MAX_BYTES = 4 * 1024 * 1024;
/** A transaction that is open holds readers of what is committed up; a moment is all that it gets. */
const MAX_WAIT_MS = 500;
const MAX_BATCH_BYTES = 64 * 1024 * 1024;

/**
 * The next committed messages of a partition.
 *
 * @returns undefined: there are none up to where all is decided
 * @throws MillraceError SOURCE_FAILED, and what a connection throws
 */
export async function scanOnce(
  cluster: Cluster,
  { at, from }: ScanRange,
  requestTimeoutMs: number,
): Promise<MessageBatch | undefined> {
  const broker = await cluster.node(await leaderOf(cluster, { at, from }));
  const limits = { maxWaitMs: MAX_WAIT_MS, maxBytes: MAX_BYTES, maxPartitionBytes: MAX_BYTES };
  const request = { from: [{ ...at, position: from }], ...limits, isolation: "read_committed" } as const;
  const { partitions } = await broker.connectionPool.send(fetchCall(request, requestTimeoutMs));
  const place = `${cluster.address}: ${splitName(at)}`;
  const { bytes, aborted } = assertAnswered(partitions[0], place);
  if (bytes.length === 0) return undefined;
  const batch = await readRecords({ bytes, from, aborted, place, maxBatchBytes: MAX_BATCH_BYTES });
  return batch.next > from ? batch : undefined;
}

async function leaderOf(cluster: Cluster, { at: { topic, partition } }: Pick<ScanRange, "at" | "from">) {
  const { topics } = await cluster.metadata([topic]);
  const places = topics.find(({ name }) => name === topic)?.partitions;
  return places?.find((place) => place.partition === partition)?.leader ?? -1;
}

function assertAnswered(fetched: FetchedPartition | undefined, place: string): FetchedPartition {
  if (fetched?.error === 0) return fetched;
  throw new MillraceError("SOURCE_FAILED", `${place}: the broker gave nothing (fault ${fetched?.error ?? "unknown"})`, {
    fault: "transient",
    details: { type: fetched?.error },
  });
}
