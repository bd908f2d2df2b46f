/** A body in pieces, as they come. */

/** Whoever has a body in pieces. */
export interface PieceSource {
  /** A piece that is there already. */
  take(): Uint8Array | undefined;
  /** The next piece, which is waited for; undefined at the end. After an error the same error. @throws MillraceError */
  next(): Promise<Uint8Array | undefined>;
  /** Nothing more of it is wanted. */
  cancel(): void;
}

/** Copies pieces into memory that others lend. */
export class PieceReader {
  readonly #source: PieceSource;
  #rest: Uint8Array = new Uint8Array();

  constructor(source: PieceSource) {
    this.#source = source;
  }

  /** Fills `into` with what is there, after waiting for the first of it; 0 at the end. */
  async read(into: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < into.byteLength) {
      if (this.#rest.byteLength === 0) {
        const piece = this.#source.take() ?? (filled === 0 ? await this.#source.next() : undefined);
        if (piece === undefined) break;
        this.#rest = piece;
      }
      const fitting = this.#rest.subarray(0, into.byteLength - filled);
      into.set(fitting, filled);
      filled += fitting.byteLength;
      this.#rest = this.#rest.subarray(fitting.byteLength);
    }
    return filled;
  }
}

/** All that is left, joined; undefined when it is more than `maxBytes`. */
export async function joined(source: PieceSource, maxBytes: number): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for (let piece = await source.next(); piece !== undefined; piece = await source.next()) {
    bytes += piece.byteLength;
    if (bytes > maxBytes) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces, bytes);
}
