/** Encodes records and hands their rows to a target, the next block being encoded while the last one is written. */
import { isMillraceError } from "../core/errors.ts";
import type { Encoder, RowForm } from "../core/ports/format.ts";
import { turnsAmong } from "../core/row-forms.ts";
import { GrowingBytes } from "../formats/growing-bytes.ts";
import { noSource } from "./no-source.ts";
import type { RowTarget } from "./row-target.ts";
import { type OnReject, type RejectedOutput, turnAway } from "./stream-reject.ts";
import type { WriteSummary } from "./write-options.ts";

/** Bytes that are written at once. */
const BLOCK_BYTES = 256 * 1024;

/** One destination's rows under way. */
export class RowWriter {
  readonly #encoder: Encoder;
  readonly #target: RowTarget;
  readonly #onReject: OnReject<RejectedOutput>;
  #block = emptyBlock();
  #spare = emptyBlock();
  #ends: number[] = [];
  #forms: RowForm[] = [];
  #writing: Promise<void> = Promise.resolve();
  #records = 0;
  #rejected = 0;
  #bytes = 0;

  constructor(encoder: Encoder, target: RowTarget, onReject: OnReject<RejectedOutput>) {
    this.#encoder = encoder;
    this.#target = target;
    this.#onReject = onReject;
  }

  /** Encodes records; resolves when there is room for more. Throws what the target throws, also for earlier ones. */
  async write(records: readonly unknown[]): Promise<void> {
    for (const record of records) {
      this.#encode(record);
      if (this.#block.length >= BLOCK_BYTES) await this.#flush();
    }
  }

  /** Hands over the last rows and finishes the target. */
  async finish(): Promise<WriteSummary> {
    await this.#flush();
    await this.#writing;
    await this.#target.finish();
    return { records: this.#records, rejected: this.#rejected, bytes: this.#bytes };
  }

  #encode(record: unknown): void {
    const begin = this.#block.length;
    try {
      this.#encoder.encode(record, noSource, this.#block);
    } catch (thrown) {
      this.#block.length = begin;
      if (!isMillraceError(thrown) || thrown.fault !== "record") throw thrown;
      const { code, message } = thrown;
      const ordinal = this.#records + this.#rejected++;
      return turnAway({ stage: "write", code, message, ordinal, record }, this.#onReject);
    }
    this.#records++;
    this.#ends.push(this.#block.length);
    this.#forms.push(this.#encoder.form ?? 0);
  }

  async #flush(): Promise<void> {
    await this.#writing;
    const { bytes, length } = this.#block;
    if (length === 0) return;
    const rows = {
      bytes: bytes.subarray(0, length),
      count: this.#ends.length,
      ends: Int32Array.from(this.#ends),
      turns: turnsAmong(this.#forms),
    };
    this.#bytes += length;
    this.#writing = this.#target.write(rows);
    this.#writing.catch(() => {}); // told to the next call
    const free = this.#target.keepsBytes ? emptyBlock() : this.#spare;
    [this.#spare, this.#block] = [this.#block, free];
    free.length = 0;
    this.#ends = [];
    this.#forms = [];
  }
}

function emptyBlock(): GrowingBytes {
  return new GrowingBytes(new SharedArrayBuffer(BLOCK_BYTES));
}
