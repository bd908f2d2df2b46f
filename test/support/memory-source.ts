/** A source of texts in memory. */
import { MillraceError } from "../../src/core/errors.ts";
import type { BoundSource, ByteReader, SplitPlan } from "../../src/core/ports/source.ts";
import type { Position } from "../../src/core/position.ts";

/** How a {@link MemorySource} behaves. */
export interface MemorySourceOptions {
  /** Bytes of one read. */
  readonly piece?: number;
  /** Whether it knows how many bytes there are. */
  readonly bytes?: boolean;
  readonly fields?: readonly string[];
}

/** Each text is a split of its name; its fingerprint is what it says. */
export class MemorySource implements BoundSource {
  readonly label = "memory";
  readonly splits: readonly SplitPlan[];
  /** `a.csv at 4`: a split and the token it was opened at. */
  readonly opened: string[] = [];
  /** How many readers are open. */
  reading = 0;
  /** Awaited before each read; a test holds the reader up with it, or lets it fail. */
  beforeRead: (split: string, offset: number) => Promise<void> = async () => {};
  readonly #texts: { readonly [split: string]: string };
  readonly #piece: number;

  constructor(
    texts: { readonly [split: string]: string },
    { piece = 3, bytes = true, fields }: MemorySourceOptions = {},
  ) {
    this.#texts = texts;
    this.#piece = piece;
    this.splits = Object.entries(texts).map(([id, text]) => ({
      id,
      origin: "0",
      originLine: 1,
      fingerprint: `begins ${text.slice(0, 3)}`,
      ...(bytes ? { bytes: text.length } : {}),
      ...(fields === undefined ? {} : { fields }),
    }));
  }

  async open({ id, fingerprint }: SplitPlan, { token }: Position): Promise<ByteReader> {
    const text = this.#texts[id] ?? "";
    this.opened.push(`${id} at ${token}`);
    if (fingerprint !== undefined && fingerprint !== `begins ${text.slice(0, 3)}`) {
      throw new MillraceError("SOURCE_CHANGED", `${id} is no longer what it was`);
    }
    this.reading++;
    let at = Number(token);
    return {
      kind: "bytes",
      read: async (into) => {
        await this.beforeRead(id, at);
        const piece = Buffer.from(text.slice(at, at + Math.min(this.#piece, into.length)));
        into.set(piece);
        at += piece.length;
        return piece.length;
      },
      [Symbol.asyncDispose]: async () => void this.reading--,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
