/**
 * Finds the place behind the first records of a split, by reading it from its origin on: of bytes only a decoder knows where
 * a record ends, and of framed records only their source knows the words between them.
 */
import type { SharedBytes } from "../core/chunk.ts";
import type { Decoder, DecodeSpec, Format } from "../core/ports/format.ts";
import type { BoundSource, ByteReader, FrameReader, SplitPlan } from "../core/ports/source.ts";
import { originPosition, type Position } from "../core/position.ts";

const BLOCK_BYTES = 256 * 1024;
const LINE_FEED = 10;
const NOTHING: Buffer = Buffer.alloc(0);
/** What has to stand behind the last record of a file that is cut. */
const CLOSINGS: { readonly [format: string]: string } = { json: "]" };

/** How the records are found. */
export interface HeadOptions {
  readonly format: Format;
  readonly decode: DecodeSpec;
  readonly signal: AbortSignal;
}

/** The first records of a split. */
export interface Head {
  /** As many as were asked for, or fewer where the split ends before. */
  readonly records: number;
  /** The byte behind the last of them; of framed records no number is. */
  readonly end: number;
  /** What closes a file that ends there. */
  readonly closing: Buffer;
  /** The resume word of the record behind them. */
  readonly token: string;
  /** Line feeds before that record. */
  readonly lines: number;
}

/**
 * Reads the first records of a split.
 *
 * @throws MillraceError SOURCE_FAILED, SOURCE_CHANGED, SOURCE_UNAVAILABLE
 */
export async function headOf(
  source: BoundSource,
  split: SplitPlan,
  records: number,
  { format, decode, signal }: HeadOptions,
): Promise<Head> {
  const origin = originPosition(split.origin, split.originLine);
  await using reader = await source.open(split, origin, signal);
  if (reader.kind === "frames") return await frameHead(reader, origin.token, records);
  const scan = new HeadScan(format.decoder(decode), decode, split, origin);
  while (scan.records < records && (await scan.take(reader, records - scan.records)));
  return scan;
}

async function frameHead(reader: FrameReader, origin: string, wanted: number): Promise<Head> {
  let [records, token] = [0, origin];
  while (records < wanted) {
    const batch = await reader.read(BLOCK_BYTES, lend);
    if (batch === undefined) break;
    const taken = Math.min(batch.ends.length, wanted - records);
    if (taken > 0) token = batch.tokens.after(taken - 1);
    records += taken;
  }
  return { records, end: Number.POSITIVE_INFINITY, closing: NOTHING, token, lines: 0 };
}

/** Memory for records that are counted and not kept. */
async function lend(bytes: number): Promise<SharedBytes> {
  const lent: SharedBytes = { bytes: new Uint8Array(bytes), retain: () => lent, release: () => {} };
  return lent;
}

/** Decodes a split's bytes from its origin on, block by block, only to count. */
class HeadScan implements Head {
  records = 0;
  end: number;
  closing: Buffer;
  lines = 0;
  #next: number;
  readonly #decoder: Decoder;
  readonly #maxRecordBytes: number;
  readonly #fields: readonly string[] | undefined;
  /** Bytes behind `end` that held no whole record yet. */
  #rest = NOTHING;
  /** Inside a line longer than any record: the rest of it is passed over. */
  #skipping = false;

  constructor(decoder: Decoder, { format, maxRecordBytes }: DecodeSpec, { fields }: SplitPlan, origin: Position) {
    this.#decoder = decoder;
    this.closing = Buffer.from(CLOSINGS[format] ?? "");
    this.#maxRecordBytes = maxRecordBytes;
    this.#fields = fields;
    this.end = Number(origin.token);
    this.#next = this.end;
  }

  get token(): string {
    return String(this.#next);
  }

  /** Takes one more block in; false at the end of the split. */
  async take(reader: ByteReader, wanted: number): Promise<boolean> {
    const block = Buffer.alloc(BLOCK_BYTES);
    const read = await reader.read(block);
    const bytes = Buffer.concat([this.#rest, block.subarray(0, read)]);
    if (this.#skipping || this.#isOversized(bytes)) this.#skipLine(bytes);
    else this.#count(bytes, wanted, read === 0);
    return read > 0;
  }

  #count(bytes: Buffer, wanted: number, final: boolean): void {
    const fields = this.#fields === undefined ? {} : { fields: this.#fields };
    const batch = this.#decoder.decode({ bytes, final, truncated: false, ...fields });
    const taken = Math.min(batch.count, wanted);
    this.records += taken;
    if (final && taken === batch.count) this.closing = NOTHING;
    // What stands between two elements of an array would be one too many behind the last.
    const last = taken === wanted && this.closing.length > 0 ? batch.stop(taken - 1) : null;
    const next = taken < batch.count ? batch.start(taken) : batch.end;
    this.#goOn(bytes, last ?? next, next);
  }

  #isOversized(bytes: Buffer): boolean {
    return bytes.length > this.#maxRecordBytes && !bytes.includes(LINE_FEED);
  }

  /** The whole line is one record, and a reject. */
  #skipLine(bytes: Buffer): void {
    if (!this.#skipping) this.records++;
    const feed = bytes.indexOf(LINE_FEED);
    this.#skipping = feed === -1;
    this.#goOn(bytes, feed === -1 ? bytes.length : feed + 1);
  }

  /** @param next where the next record begins, if that is not where this one ends */
  #goOn(bytes: Buffer, consumed: number, next = consumed): void {
    this.#rest = bytes.subarray(consumed);
    this.#next = this.end + next;
    this.end += consumed;
    for (let at = bytes.indexOf(LINE_FEED); at !== -1 && at < next; at = bytes.indexOf(LINE_FEED, at + 1)) this.lines++;
  }
}
