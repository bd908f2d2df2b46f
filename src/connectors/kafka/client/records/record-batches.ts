/**
 * The records of one partition as a broker stores and sends them: batches of them behind each other, the last one
 * perhaps cut. Nothing is made per record but numbers.
 *
 * Source: Apache Kafka, "Message Format" (record batch, magic 2).
 */
import { MillraceError } from "../../../../core/errors.ts";
import { messageOf } from "../../../../core/thrown.ts";
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
  /** For messages: `kafka 10.0.0.1:9092: orders-0`. */
  readonly place: string;
  /** What a batch may inflate to, bytes. */
  readonly maxBatchBytes: number;
}

/** What the batches of an answer may inflate to together; those beyond are left for the next fetch. */
const MAX_INFLATED_BYTES = 32 * 1024 * 1024;

/** One batch's header. */
interface BatchHeader extends RecordTimes {
  readonly lastOffset: bigint;
  readonly producerId: bigint;
  /** Of the records in the answer. */
  readonly begin: number;
  readonly end: number;
}

/** A batch whose records are there to be read. */
interface InflatedBatch {
  readonly header: BatchHeader;
  readonly part: Buffer;
}

/**
 * Reads what a broker sent.
 *
 * @throws MillraceError SOURCE_FAILED for damaged bytes, for bombs and for the formats of brokers before 0.11
 */
export async function readRecords(fetched: FetchedRecords): Promise<RecordColumns> {
  const { from } = fetched;
  const headers = [...headersIn(fetched)];
  const { inflated, rest } = await inflateSome(withoutAborted(headers, fetched), fetched);
  const records = new RecordColumns(inflated.reduce((sum, { header }) => sum + header.count, 0));
  for (const { header, part } of inflated) {
    try {
      records.take(part, header, from);
    } catch (thrown) {
      throw batchFault(fetched, header, thrown);
    }
  }
  const last = headers.at(-1);
  const end = rest?.baseOffset ?? (last === undefined ? from : last.lastOffset + 1n);
  records.next = end < from ? from : end;
  return records;
}

/** Batches may be small and become large: one at least, and more as long as memory allows. */
async function inflateSome(
  headers: readonly BatchHeader[],
  fetched: FetchedRecords,
): Promise<{ readonly inflated: readonly InflatedBatch[]; readonly rest: BatchHeader | undefined }> {
  const { bytes, maxBatchBytes } = fetched;
  const inflated: InflatedBatch[] = [];
  let total = 0;
  for (const header of headers) {
    if (total > MAX_INFLATED_BYTES) return { inflated, rest: header };
    try {
      const part = await inflate(bytes.subarray(header.begin, header.end), header.attributes & CODEC, maxBatchBytes);
      if (header.count * LEAST_RECORD > part.length) throw damaged("it has fewer bytes than records");
      inflated.push({ header, part });
      total += part.length;
    } catch (thrown) {
      // what comes before it is read first; then it is the first of an answer
      if (inflated.length > 0) return { inflated, rest: header };
      throw batchFault(fetched, header, thrown);
    }
  }
  return { inflated, rest: undefined };
}

/** What is stored does not become better by being fetched again. */
function batchFault({ place }: FetchedRecords, { baseOffset, lastOffset, maxTimestamp }: BatchHeader, cause: unknown) {
  const offsets = `offsets ${baseOffset} to ${lastOffset}`;
  return new MillraceError(
    "SOURCE_FAILED",
    `${place}: ${offsets}: a batch of messages cannot be read: ${messageOf(cause)}. To go on behind it: millrace state forget ` +
      `<job>, and source.from: { timestamp: ${maxTimestamp + 1} }, where every partition then begins`,
    { cause, fault: "fatal", details: { offset: String(baseOffset), place } },
  );
}

function* headersIn({ bytes, place, from }: FetchedRecords): Generator<BatchHeader, void, undefined> {
  for (let at = 0; at + HEADER <= bytes.length; ) {
    const end = at + BEFORE_LENGTH + bytes.readInt32BE(at + 8);
    const count = bytes.readInt32BE(at + 57);
    if (end < at + HEADER || count < 0) throw damaged(`${place}: offset ${from}: a batch of messages has no length`);
    const magic = bytes[at + MAGIC_AT];
    if (magic !== 2) {
      throw new MillraceError(
        "SOURCE_FAILED",
        `${place}: offset ${from}: messages of format ${magic}; format 2 is read, of Kafka 0.11 on`,
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
function withoutAborted(headers: readonly BatchHeader[], { aborted, bytes }: FetchedRecords): BatchHeader[] {
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
