/** Learns the shape that a source's objects have. */
import type { Columns } from "../../core/record.ts";
import { KnownShape } from "./known-shape.ts";
import type { LineFields } from "./line-fields.ts";

/** Sources of fewer objects behind each other that are alike are done sooner without. */
const LEARN_AFTER = 64;
/** A source whose objects change their shape again and again is left to JSON.parse. */
const MAX_SHAPES = 16;

/** The shape that was learned last. */
export class KnownShapes {
  readonly #columns: Columns;
  readonly #learnAfter: number;
  #shape: KnownShape | null = null;
  #bytes: Buffer | null = null;
  #names: readonly string[] = [];
  #alike = 0;
  #made = 0;

  /** @param learnAfter objects that are read by JSON.parse first */
  constructor(columns: Columns, learnAfter = LEARN_AFTER) {
    this.#columns = columns;
    this.#learnAfter = learnAfter;
  }

  /** Turns to other bytes; null: to such as are not UTF-8 everywhere. */
  reset(bytes: Buffer | null): void {
    this.#bytes = bytes;
    if (bytes !== null) this.#shape?.reset(bytes);
  }

  /** The object in `bytes[begin, end)`, which becomes the current one; null where JSON.parse has to read it. */
  read(begin: number, end: number, current: LineFields): Record<string, unknown> | null {
    if (this.#shape === null || this.#bytes === null) return null;
    const record = this.#shape.read(begin, end);
    if (record !== null) current.enterKnown(this.#shape, record, begin, end);
    return record;
  }

  /** Looks at an object that JSON.parse has read. */
  learn(current: LineFields): void {
    if (current.names !== this.#names) {
      this.#names = current.names;
      this.#alike = 0;
    }
    if (this.#names === this.#shape?.names || this.#bytes === null || this.#made === MAX_SHAPES) return;
    if (++this.#alike <= this.#learnAfter) return;
    this.#made++;
    const sample = current.sample();
    if (sample === null) return;
    this.#shape = new KnownShape(sample, this.#columns);
    this.#shape.reset(this.#bytes);
  }
}
