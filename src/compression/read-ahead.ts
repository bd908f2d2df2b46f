/** Bytes between a producer that runs ahead and a reader: about so many at most, in order. */
import { MillraceError } from "../core/errors.ts";

/** A bounded queue of bytes with one producer and one reader. */
export class ReadAhead {
  readonly #bound: number;
  #pieces: Uint8Array[] = [];
  /** Piece that is read next, and the bytes of it that are gone. */
  #first = 0;
  #offset = 0;
  #held = 0;
  #end: { readonly error: MillraceError | null } | null = null;
  #wakeReader: () => void = () => undefined;
  #wakeProducer: () => void = () => undefined;

  /** @param bound bytes from which on the producer is to wait */
  constructor(bound: number) {
    this.#bound = bound;
  }

  /** Hands bytes over, which must not change any more; false when the producer is to wait for `room`. */
  put(bytes: Uint8Array): boolean {
    if (this.#end !== null) return true;
    this.#pieces.push(bytes);
    this.#held += bytes.byteLength;
    this.#wakeReader();
    return this.#held < this.#bound;
  }

  /** Resolves once there is room, or nothing more is wanted. */
  async room(): Promise<void> {
    while (this.#end === null && this.#held >= this.#bound) {
      await new Promise<void>((resolve) => {
        this.#wakeProducer = resolve;
      });
    }
  }

  /** No more bytes follow; with an error the reader meets it behind the last byte. The first call counts. */
  end(error: MillraceError | null = null): void {
    this.#end ??= { error };
    this.#wakeReader();
    this.#wakeProducer();
  }

  /** Drops everything: the reader is gone. */
  drop(): void {
    this.#pieces = [];
    [this.#first, this.#offset, this.#held] = [0, 0, 0];
    this.end(new MillraceError("CLOSED", "the reader is closed"));
  }

  /** Fills `into`, or what of it there is up to the end; 0 at the end. */
  async read(into: Uint8Array): Promise<number> {
    let filled = 0;
    for (;;) {
      filled += this.#take(into.subarray(filled));
      if (filled === into.byteLength) return filled;
      if (this.#end !== null) break;
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
    if (filled === 0 && this.#end.error !== null) throw this.#end.error;
    return filled;
  }

  #take(into: Uint8Array): number {
    let taken = 0;
    for (let piece = this.#pieces[this.#first]; piece !== undefined && taken < into.byteLength; ) {
      const part = piece.subarray(this.#offset, this.#offset + into.byteLength - taken);
      into.set(part, taken);
      taken += part.byteLength;
      this.#offset += part.byteLength;
      if (this.#offset === piece.byteLength) piece = this.#next();
    }
    this.#held -= taken;
    if (this.#held < this.#bound) this.#wakeProducer();
    return taken;
  }

  #next(): Uint8Array | undefined {
    this.#first += 1;
    this.#offset = 0;
    if (this.#first === this.#pieces.length) [this.#pieces, this.#first] = [[], 0];
    return this.#pieces[this.#first];
  }
}
