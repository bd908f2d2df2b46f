/**
 * The records of one partition as a broker stores and sends them: batches of them behind each other, the last one
 * perhaps cut. Nothing is made per record but numbers.
 *
 * Source: Apache Kafka, "Message Format" (record batch, magic 2).
 */
import { MillraceError } from "../../../../core/errors.ts";
import type { MessageBatch } from "../port.ts";
import { inflate } from "../codecs/inflate.ts";
import { Cursor } from "./cursor.ts";
import { damaged, RecordColumns, type RecordTimes } from "./record-columns.ts";

/** Bytes of a batch up to its records, and those before its length counts. */
const HEADER = 61;
const BEFORE_LENGTH = 12;
const MAGIC_AT = 16;
/** Bytes that the shortest record has. */
const LEAST_RECORD = 7;

const CODEC = 0x07;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

/** A transaction that was given up, from its first offset on. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

/** What a broker sent of a partition. */
export interface FetchedRecords {
  readonly bytes: Buffer;
  /** Earlier records of the first batch were not asked for. */
  readonly from: bigint;
  /** In order of their offsets; empty where transactions do not matter. */
  readonly aborted: readonly AbortedTransaction[];
}

/** One batch's header. */
interface BatchHeader extends RecordTimes {
  readonly lastOffset: bigint;
  readonly producerId: bigint;
  /** Of the records in the answer. */
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads what a broker sent.
 *
 * @throws MillraceError SOURCE_FAILED for damaged bytes and for the formats of brokers before 0.11
 */
export async function readRecords({ bytes, from, aborted }: FetchedRecords): Promise<MessageBatch> {
  const headers = [...headersIn(bytes)];
  const visible = withoutAborted(headers, aborted, bytes);
  const inflated: { readonly header: BatchHeader; readonly part: Buffer }[] = [];
  for (const header of visible) {
    const part = await inflate(bytes.subarray(header.begin, header.end), header.attributes & CODEC);
    if (header.count * LEAST_RECORD > part.length) throw damaged("it has fewer bytes than records");
    inflated.push({ header, part });
  }
  const records = new RecordColumns(visible.reduce((sum, { count }) => sum + count, 0));
  for (const { header, part } of inflated) records.take(part, header, from);
  const last = headers.at(-1);
  records.next = last === undefined || last.lastOffset < from ? from : last.lastOffset + 1n;
  return records;
}

function* headersIn(bytes: Buffer): Generator<BatchHeader, void, undefined> {
  for (let at = 0; at + HEADER <= bytes.length; ) {
    const end = at + BEFORE_LENGTH + bytes.readInt32BE(at + 8);
    const count = bytes.readInt32BE(at + 57);
    if (end < at + HEADER || count < 0) throw damaged("it has no length");
    const magic = bytes[at + MAGIC_AT];
    if (magic !== 2) {
      throw new MillraceError(
        "SOURCE_FAILED",
        `records of message format ${magic}: format 2 is read, of Kafka 0.11 on`,
      );
    }
    if (end > bytes.length) return;
    const baseOffset = bytes.readBigInt64BE(at);
    yield {
      baseOffset,
      attributes: bytes.readInt16BE(at + 21),
      lastOffset: baseOffset + BigInt(bytes.readInt32BE(at + 23)),
      firstTimestamp: Number(bytes.readBigInt64BE(at + 27)),
      maxTimestamp: Number(bytes.readBigInt64BE(at + 35)),
      producerId: bytes.readBigInt64BE(at + 43),
      count,
      begin: at + HEADER,
      end,
    };
    at = end;
  }
}

/**
 * Leaves out control batches and those of transactions that were given up: a transaction of a producer is aborted from
 * the offset that the broker says until that producer's next control record.
 */
function withoutAborted(
  headers: readonly BatchHeader[],
  aborted: readonly AbortedTransaction[],
  bytes: Buffer,
): BatchHeader[] {
  const waiting = aborted.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const open = new Set<bigint>();
  return headers.filter((header) => {
    while (waiting[0] !== undefined && waiting[0].firstOffset <= header.lastOffset) {
      open.add((waiting.shift() as AbortedTransaction).producerId);
    }
    if ((header.attributes & CONTROL) !== 0) {
      if (endsAborted(bytes, header)) open.delete(header.producerId);
      return false;
    }
    return (header.attributes & TRANSACTIONAL) === 0 || !open.has(header.producerId);
  });
}

/** Whether a control batch ends a transaction that was given up: the key of its record is a version and 0 for that. */
function endsAborted(bytes: Buffer, { begin, count }: BatchHeader): boolean {
  if (count === 0) return false;
  const record = new Cursor(bytes, { at: begin });
  record.varint();
  record.int8();
  record.varlong();
  record.varint();
  record.varint();
  record.int16();
  return record.int16() === 0;
}
