/** Tells for each row of a chunk which partition of its sink it belongs to. */
import type { PartitionSpec } from "../core/ports/format.ts";
import { fieldsOf } from "../formats/output-fields.ts";
import { GrowingInts } from "./growing-ints.ts";
import { partitionPiece } from "./partition-piece.ts";

/** Values whose piece of the name is remembered; beyond it they are forgotten, so that unique ones cost no memory. */
const REMEMBERED = 20_000;

/**
 * The partitions of one sink's rows. Made once a thread; `begin` turns it to the next chunk.
 *
 * Only numbers cross to the main thread with each row; the names they stand for cross once a chunk.
 */
export class RowPartitions {
  /** The number of the partition of row i. */
  readonly ofRow = new GrowingInts();
  readonly #spec: PartitionSpec;
  /** By the number of the field, what its values look like in a name. */
  readonly #pieces: readonly Map<unknown, string>[];
  readonly #numbers = new Map<string, number>();

  constructor(spec: PartitionSpec) {
    this.#spec = spec;
    this.#pieces = spec.fields.map(() => new Map<unknown, string>());
  }

  /** The partitions met in this chunk, by their numbers; of one whose rows were all taken back there may be none. */
  get names(): readonly string[] {
    return [...this.#numbers.keys()];
  }

  begin(): void {
    this.ofRow.clear();
    this.#numbers.clear();
  }

  /**
   * The number of an output's partition.
   *
   * @throws MillraceError NOT_AN_OBJECT; VALUE_INVALID when a value cannot be a part of a file's name
   */
  numberOf(output: unknown): number {
    const fields = fieldsOf(output);
    const { fields: names, separator } = this.#spec;
    let name = "";
    for (let i = 0; i < names.length; i++) {
      const piece = this.#pieceOf(i, fields);
      name = i === 0 ? piece : `${name}${separator}${piece}`;
    }
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.#numbers.size);
    return this.#numbers.size - 1;
  }

  #pieceOf(index: number, fields: Readonly<Record<string, unknown>>): string {
    const field = this.#spec.fields[index] as string;
    const value = Object.hasOwn(fields, field) ? fields[field] : null;
    // An object may change between two rows, so only what cannot is remembered.
    if (typeof value === "object" && value !== null) return partitionPiece(field, value, this.#spec);
    const pieces = this.#pieces[index] as Map<unknown, string>;
    const known = pieces.get(value);
    if (known !== undefined) return known;
    const piece = partitionPiece(field, value, this.#spec);
    if (pieces.size >= REMEMBERED) pieces.clear();
    pieces.set(value, piece);
    return piece;
  }
}
