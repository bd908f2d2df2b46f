/**
 * What a cluster says of its nodes and topics. kafkajs asks an older version of this request, which knows no ids of
 * topics and fails as a whole for one of them.
 *
 * Source: Apache Kafka, MetadataRequest.json and MetadataResponse.json, versions 5 to 12.
 */
import { Cursor } from "../records/cursor.ts";
import { wireBody, type WireCall } from "./wire.ts";

const METADATA = 3;
const NEWEST = 12;
/** From here on texts and lists are compact and structures end with tags. */
const COMPACT = 9;
const WITH_IDS = 10;
const NO_ID = "0".repeat(32);

/** A node's address. */
export interface NodeAddress {
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

/** Where a partition is. */
export interface PartitionPlace {
  readonly partition: number;
  /** The node that serves it; -1 while there is none. */
  readonly leader: number;
}

/** A topic, or why there is none. */
export interface TopicMetadata {
  readonly name: string;
  /** Hexadecimal; null where the cluster is too old to have any. */
  readonly id: string | null;
  /** Kafka's number of the fault; 0 for none. */
  readonly error: number;
  readonly partitions: readonly PartitionPlace[];
}

/** The answer. */
export interface Metadata {
  readonly nodes: readonly NodeAddress[];
  readonly topics: readonly TopicMetadata[];
}

/**
 * The request.
 *
 * @param topics null: all of them
 * @param newest the newest version that the node understands
 */
export function metadataCall(topics: readonly string[] | null, newest: number): WireCall<Metadata> {
  const version = Math.min(newest, NEWEST);
  const isCompact = version >= COMPACT;
  const answer = async (metadata: Metadata): Promise<Metadata> => metadata;
  return {
    request: {
      apiKey: METADATA,
      apiVersion: version,
      apiName: "Metadata",
      encode: async () => wireBody(isCompact ? compactBody(topics, version) : plainBody(topics, version)),
    },
    response: { decode: async (raw) => readMetadata(raw, version), parse: answer },
  };
}

/** The first byte ends the header of a compact request, the last one its body. */
function compactBody(topics: readonly string[] | null, version: number): Buffer {
  const names = topics?.flatMap((name) => {
    const text = Buffer.from(name);
    return [...(version >= WITH_IDS ? [Buffer.alloc(16)] : []), uvarint(text.length + 1), text, Buffer.of(0)];
  });
  const flags = Buffer.alloc(version <= 10 ? 3 : 2);
  return Buffer.concat([
    Buffer.of(0),
    uvarint(topics === null ? 0 : topics.length + 1),
    ...(names ?? []),
    flags,
    Buffer.of(0),
  ]);
}

function plainBody(topics: readonly string[] | null, version: number): Buffer {
  const names = topics?.flatMap((name) => {
    const text = Buffer.from(name);
    const size = Buffer.alloc(2);
    size.writeInt16BE(text.length);
    return [size, text];
  });
  const count = Buffer.alloc(4);
  count.writeInt32BE(topics?.length ?? -1);
  return Buffer.concat([count, ...(names ?? []), Buffer.alloc(version >= 8 ? 3 : 1)]);
}

function uvarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return Buffer.from([...bytes, rest]);
}

function readMetadata(raw: Buffer, version: number): Metadata {
  const cursor = new Cursor(raw, { compact: version >= COMPACT });
  cursor.tags();
  cursor.int32();
  const nodes = cursor.list(() => readNode(cursor));
  cursor.text();
  cursor.int32();
  return { nodes, topics: cursor.list(() => readTopic(cursor, version)) };
}

function readNode(cursor: Cursor): NodeAddress {
  const node = { id: cursor.int32(), host: cursor.text() ?? "", port: cursor.int32() };
  cursor.text();
  cursor.tags();
  return node;
}

function readTopic(cursor: Cursor, version: number): TopicMetadata {
  const error = cursor.int16();
  const name = cursor.text() ?? "";
  const id = version >= WITH_IDS ? readId(cursor) : null;
  cursor.int8();
  const partitions = cursor.list(() => readPartition(cursor, version));
  if (version >= 8) cursor.int32();
  cursor.tags();
  return { name, id, error, partitions: partitions.toSorted((a, b) => a.partition - b.partition) };
}

function readId(cursor: Cursor): string | null {
  const id = cursor.bytes.toString("hex", cursor.at, cursor.at + 16);
  cursor.skip(16);
  return id === NO_ID ? null : id;
}

function readPartition(cursor: Cursor, version: number): PartitionPlace {
  cursor.int16();
  const place = { partition: cursor.int32(), leader: cursor.int32() };
  if (version >= 7) cursor.int32();
  for (const _copies of ["replicas", "in sync", "offline"]) cursor.list(() => cursor.int32());
  cursor.tags();
  return place;
}
