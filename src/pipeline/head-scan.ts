/** Finds the place behind the first records of a split, by decoding it from its origin on: only a decoder knows where a record ends. */
import { MillraceError } from "../core/errors.ts";
import type { Decoder, DecodeSpec, Format } from "../core/ports/format.ts";
import type { BoundSource, ByteReader, SplitPlan } from "../core/ports/source.ts";
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
  /** What is told not to be able to do it for a source that frames its records itself. */
  readonly asked: string;
}

/** The first records of a split. */
export interface Head {
  /** As many as were asked for, or fewer where the split ends before. */
  readonly records: number;
  /** Behind the last of them. */
  readonly end: number;
  /** What closes a file that ends there. */
  readonly closing: Buffer;
  /** Where the record behind them begins: the resume word there. */
  readonly next: number;
  /** Line feeds between the origin and `next`. */
  readonly lines: number;
}

/**
 * Reads the first records of a split.
 *
 * @throws MillraceError NOT_BUILT for a source that frames its records itself, SOURCE_FAILED, SOURCE_CHANGED
 */
export async function headOf(
  source: BoundSource,
  split: SplitPlan,
  records: number,
  { format, decode, signal, asked }: HeadOptions,
): Promise<Head> {
  const origin = originPosition(split.origin, split.originLine);
  await using reader = await source.open(split, origin, signal);
  if (reader.kind !== "bytes") {
    throw new MillraceError(
      "NOT_BUILT",
      `${asked}: not built in this release for ${source.label}; it is for sources of bytes`,
    );
  }
  const scan = new HeadScan(format.decoder(decode), decode, split, origin);
  while (scan.records < records && (await scan.take(reader, records - scan.records)));
  return scan;
}

/** Decodes a split's bytes from its origin on, block by block, only to count. */
class HeadScan implements Head {
  records = 0;
  end: number;
  closing: Buffer;
  next: number;
  lines = 0;
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
    this.next = this.end;
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
    this.next = this.end + next;
    this.end += consumed;
    for (let at = bytes.indexOf(LINE_FEED); at !== -1 && at < next; at = bytes.indexOf(LINE_FEED, at + 1)) this.lines++;
  }
}
