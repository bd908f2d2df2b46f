/** Record batches as a broker stores them, made by kafkajs. */
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

interface Encoded {
  readonly buffer: Buffer;
}

const { RecordBatch } = require("kafkajs/src/protocol/recordBatch/v0") as {
  readonly RecordBatch: (batch: object) => Promise<Encoded>;
};
const Record = require("kafkajs/src/protocol/recordBatch/record/v0") as (record: object) => Encoded;

/** Where a batch keeps its attributes, and the bit that marks a control batch. */
const ATTRIBUTES_AT = 21;
const CONTROL = 0x20;

/** A record to be stored. */
export interface StoredRecord {
  readonly delta: number;
  readonly time?: number;
  readonly key?: string | null;
  readonly value: string | null;
  readonly headers?: Readonly<{ [name: string]: string }>;
}

/** How a batch differs from a plain one at offset 0. */
export interface StoredBatch {
  readonly first?: bigint;
  /** 0 none, 1 gzip. */
  readonly compression?: number;
  readonly producerId?: bigint;
  readonly transactional?: boolean;
  /** Behind compaction a batch keeps the last offset that it once had. */
  readonly lastDelta?: number;
}

const FIRST_TIME = 1_700_000_000_000;

/** The bytes of one batch. */
export async function batchBytes(records: readonly StoredRecord[], options: StoredBatch = {}): Promise<Buffer> {
  const { first = 0n, compression = 0, producerId = -1n, transactional = false } = options;
  const encoded = records.map(({ delta, time = FIRST_TIME, key = null, value, headers = {} }) =>
    Record({
      offsetDelta: delta,
      timestampDelta: time - FIRST_TIME,
      key: key === null ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
      headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
    }),
  );
  const batch = await RecordBatch({
    compression,
    firstOffset: String(first),
    firstTimestamp: FIRST_TIME,
    maxTimestamp: FIRST_TIME,
    lastOffsetDelta: options.lastDelta ?? records.at(-1)?.delta ?? 0,
    producerId: String(producerId),
    transactional,
    records: encoded,
  });
  return Buffer.from(batch.buffer);
}

/** The control batch that ends a transaction. */
export async function endBytes(first: bigint, producerId: bigint, type: "abort" | "commit"): Promise<Buffer> {
  const record = Record({
    offsetDelta: 0,
    timestampDelta: 0,
    key: Buffer.of(0, 0, 0, type === "abort" ? 0 : 1),
    value: Buffer.alloc(6),
  });
  const ids = { firstOffset: String(first), producerId: String(producerId), transactional: true };
  const batch = await RecordBatch({ ...ids, firstTimestamp: FIRST_TIME, maxTimestamp: FIRST_TIME, records: [record] });
  const bytes = Buffer.from(batch.buffer);
  bytes.writeInt16BE(bytes.readInt16BE(ATTRIBUTES_AT) | CONTROL, ATTRIBUTES_AT);
  return bytes;
}
