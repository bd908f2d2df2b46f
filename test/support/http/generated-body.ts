/** Bodies of any length in three formats, made from where they are asked for on and never stored. */

/** What a body is. */
export type BodyFormat = "jsonl" | "csv" | "json";

/** How a body differs from the usual one. */
export interface BodyOptions {
  readonly format: BodyFormat;
  readonly records: number;
  /** Bytes of a record, its end included; every record has as many. */
  readonly width?: number;
  /** Another one: other content of the same length. */
  readonly edition?: number;
}

const PIECE_BYTES = 64 * 1024;
const HEADS = { jsonl: "", csv: "id,name\n", json: "[\n" } as const satisfies Record<BodyFormat, string>;
const TAILS = { jsonl: "", csv: "", json: '{"id":-1,"name":"last"}\n]\n' } as const satisfies Record<
  BodyFormat,
  string
>;
const ENDS = { jsonl: "\n", csv: "\n", json: ",\n" } as const satisfies Record<BodyFormat, string>;

/** One body. An array has one more record than it was asked for, of id -1: records alone would end in a comma. */
export class GeneratedBody {
  readonly size: number;
  readonly #options: Required<BodyOptions>;

  constructor({ width = 64, edition = 0, ...options }: BodyOptions) {
    this.#options = { width, edition, ...options };
    this.size = this.#head.length + width * options.records + this.#tail.length;
  }

  /** The records, as a job reads them. */
  *records(): Iterable<{ readonly id: number; readonly name: string }> {
    const { records, format } = this.#options;
    for (let id = 0; id < records; id++) yield { id, name: this.#nameOf(id) };
    if (format === "json") yield { id: -1, name: "last" };
  }

  /** The bytes from `from` on, up to `to` without it. */
  *bytes(from = 0, to: number = this.size): Iterable<Uint8Array> {
    const { width, records } = this.#options;
    const step = Math.max(1, Math.floor(PIECE_BYTES / width));
    const headEnd = this.#head.length;
    const tailBegin = this.size - this.#tail.length;
    yield* within(Buffer.from(this.#head), 0, from, to);
    const first = Math.max(0, Math.floor((from - headEnd) / width));
    for (let id = first; id < records && headEnd + id * width < to; id += step) {
      const rows = Array.from({ length: Math.min(step, records - id) }, (_, n) => this.#rowOf(id + n));
      yield* within(Buffer.from(rows.join("")), headEnd + id * width, from, to);
    }
    yield* within(Buffer.from(this.#tail), tailBegin, from, to);
  }

  get #head(): string {
    return HEADS[this.#options.format];
  }

  get #tail(): string {
    return TAILS[this.#options.format];
  }

  #rowOf(id: number): string {
    const { format } = this.#options;
    const name = this.#nameOf(id);
    return (format === "csv" ? `${id},${name}` : `{"id":${id},"name":"${name}"}`) + ENDS[format];
  }

  /** As long as the record has room for. */
  #nameOf(id: number): string {
    const { format, width, edition } = this.#options;
    const around = (format === "csv" ? "," : '{"id":,"name":""}').length + ENDS[format].length;
    return `e${edition}n${id}`.padEnd(width - around - String(id).length, ".");
  }
}

/** The part of some bytes, which begin at `begin`, that lies between `from` and `to`. */
function* within(bytes: Uint8Array, begin: number, from: number, to: number): Iterable<Uint8Array> {
  const part = bytes.subarray(Math.max(0, from - begin), Math.max(0, to - begin));
  if (part.byteLength > 0) yield part;
}
