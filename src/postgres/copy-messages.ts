/**
 * The server's messages during COPY .. TO STDOUT, taken apart: the rows, and where the messages of others begin.
 *
 * Source: PostgreSQL documentation, "Message Formats" and "COPY Operations" ("zero or more CopyData messages (always one per
 * row)").
 */

/** A byte for the kind, four for the length, which counts itself. */
const HEADER_BYTES = 5;
const LENGTH_BYTES = 4;

const COPY_DATA = 0x64;
const COPY_DONE = 0x63;
/** What may come before and between the rows and is of no interest: CopyOutResponse and what the server tells unasked. */
const PASSED_OVER: ReadonlySet<number> = new Set([0x48, 0x41, 0x4e, 0x53]);

const NOTHING = Buffer.alloc(0);

/** Reads the stream of one COPY, wherever it is cut into pieces. */
export class CopyMessages {
  /** Offsets behind the rows that ended in the piece taken last, within its row bytes; `endCount` of them. */
  ends = new Int32Array(1024);
  endCount = 0;
  /** From the first message on that is none of the COPY's own; undefined until it comes. */
  rest: Buffer | undefined;
  /** Whether all rows were sent: what comes instead of that is an error. */
  isDone = false;
  /** Bytes of the present message that are still to come, and whether they are a row's. */
  #left = 0;
  #isRow = false;
  /** The begin of a header that was cut. */
  #cut: Buffer = NOTHING;

  /**
   * Takes the next piece; its memory is used: the row bytes are moved together at its beginning.
   *
   * @returns the row bytes
   */
  take(piece: Buffer): Buffer {
    const bytes = this.#cut.length === 0 ? piece : Buffer.concat([this.#cut, piece]);
    this.#cut = NOTHING;
    this.endCount = 0;
    let at = 0;
    let written = 0;
    while (at < bytes.length) {
      if (this.#left === 0) {
        if (!this.#enter(bytes, at)) break;
        at += HEADER_BYTES;
      }
      const count = Math.min(this.#left, bytes.length - at);
      this.#left -= count;
      if (this.#isRow) {
        bytes.copyWithin(written, at, at + count);
        written += count;
        if (this.#left === 0) this.#addEnd(written);
      }
      at += count;
    }
    return bytes.subarray(0, written);
  }

  /** Reads the header at `at`; false when it is cut, or another's. */
  #enter(bytes: Buffer, at: number): boolean {
    if (bytes.length - at < HEADER_BYTES) {
      this.#cut = Buffer.from(bytes.subarray(at));
      return false;
    }
    const kind = bytes[at] as number;
    this.#isRow = kind === COPY_DATA;
    if (!this.#isRow && !PASSED_OVER.has(kind)) {
      this.isDone = kind === COPY_DONE;
      this.rest = Buffer.from(bytes.subarray(at));
      return false;
    }
    this.#left = bytes.readInt32BE(at + 1) - LENGTH_BYTES;
    return true;
  }

  #addEnd(end: number): void {
    if (this.endCount === this.ends.length) {
      const larger = new Int32Array(2 * this.ends.length);
      larger.set(this.ends);
      this.ends = larger;
    }
    this.ends[this.endCount++] = end;
  }
}
