/** What encoders with fields ask of an output record and of the source it came from. */
import { MillraceError } from "../core/errors.ts";
import type { EncodeSpec, SourceFields } from "../core/ports/format.ts";

/** An output's fields by name. */
export type OutputFields = Readonly<Record<string, unknown>>;

/** @throws MillraceError NOT_AN_OBJECT when the output has no fields */
export function fieldsOf(output: unknown): OutputFields {
  const plain = typeof output === "object" && output !== null && !Array.isArray(output);
  if (plain && !(output instanceof Date) && !(output instanceof Uint8Array)) return output as OutputFields;
  const what = output === null ? "null" : Array.isArray(output) ? "an array" : `a ${typeof output}`;
  throw new MillraceError("NOT_AN_OBJECT", `the output is ${what}, and this sink needs an object with fields`);
}

/**
 * A sink's output columns, as a reader of outputs: `take` an output, then look at its `values`.
 *
 * Nearly all outputs of a transform have the same keys in the same order. Such an output is read in one walk over its
 * keys, which the engine has at hand, while asking for one name after another is a search for each.
 */
export class OutputColumns {
  readonly names: readonly string[];
  /** By column; undefined where the output taken last has none. */
  readonly values: unknown[];
  /** Columns called as something that every object inherits: only an own property counts. */
  readonly #inherited: readonly boolean[];
  readonly #ignoreUnknown: boolean;
  /** Fields that are no columns and known all the same. */
  readonly #others: readonly string[];
  /** The keys of an earlier output; for each its column, or -1; and the columns that are none of the keys. */
  #keys: readonly string[] = [];
  #columnOfKey = new Int32Array(0);
  #otherColumns: readonly number[];
  #isRepeated = false;
  #sourceNames: readonly string[] = [];
  #sourceIndexes: Int32Array;

  constructor(names: readonly string[], onUnknownField: "error" | "ignore", others: readonly string[] = []) {
    this.names = names;
    this.values = names.map(() => undefined);
    this.#inherited = names.map((name) => name in Object.prototype);
    this.#ignoreUnknown = onUnknownField === "ignore";
    this.#others = others;
    this.#otherColumns = names.map((_, column) => column);
    this.#sourceIndexes = new Int32Array(names.length).fill(-1);
  }

  /** For each column, the number of the source's field of the same name, or -1. */
  sourceIndexes(source: SourceFields): Int32Array {
    if (source.names !== this.#sourceNames) {
      this.#sourceNames = source.names;
      this.#sourceIndexes = Int32Array.from(this.names, (name) => source.indexOf(name));
    }
    return this.#sourceIndexes;
  }

  /** @throws MillraceError FIELD_UNKNOWN when the output has a field that is no column; one that is undefined may stay */
  take(fields: OutputFields): void {
    if (this.takeAlike(fields)) return;
    const keys = Object.keys(fields);
    this.#refuseOthers(fields, keys);
    for (let column = 0; column < this.names.length; column++) this.values[column] = this.#value(fields, column);
    this.#learn(keys);
  }

  /** The keys of the output taken last, if the one before had the same and every column is one of them; else null. */
  get repeatedKeys(): readonly string[] | null {
    return this.#isRepeated && this.#otherColumns.length === 0 ? this.#keys : null;
  }

  /** Takes an output with the keys of the one before, or says false. */
  takeAlike(fields: OutputFields): boolean {
    this.#isRepeated = this.#walk(fields);
    return this.#isRepeated;
  }

  #walk(fields: OutputFields): boolean {
    const { values } = this;
    const keys = this.#keys;
    let next = 0;
    // Inherited keys come too. A key that is a column is read alike whoever has it, and any other one ends this walk.
    for (const key in fields) {
      if (key !== keys[next]) return false;
      const column = this.#columnOfKey[next++] as number;
      if (column >= 0) values[column] = fields[key];
    }
    if (next !== keys.length) return false;
    for (const column of this.#otherColumns) values[column] = this.#value(fields, column);
    return true;
  }

  #value(fields: OutputFields, column: number): unknown {
    const name = this.names[column] as string;
    return this.#inherited[column] === true && !Object.hasOwn(fields, name) ? undefined : fields[name];
  }

  #learn(keys: readonly string[]): void {
    const columnOfKey = Int32Array.from(keys, (key) => this.names.indexOf(key));
    const isKnown = (index: number): boolean => this.#ignoreUnknown || this.#others.includes(keys[index] as string);
    if (columnOfKey.some((column, index) => (column < 0 ? !isKnown(index) : this.#inherited[column]))) return;
    this.#keys = keys;
    this.#columnOfKey = columnOfKey;
    this.#otherColumns = this.names.map((_, column) => column).filter((column) => !columnOfKey.includes(column));
  }

  #refuseOthers(fields: OutputFields, keys: readonly string[]): void {
    if (this.#ignoreUnknown) return;
    const known = (key: string): boolean => this.names.includes(key) || this.#others.includes(key);
    const unknown = keys.find((key) => !known(key) && fields[key] !== undefined);
    if (unknown === undefined) return;
    const columns = this.names.join(", ");
    throw new MillraceError("FIELD_UNKNOWN", `field "${unknown}" is no column of the sink; its columns are ${columns}`);
  }
}

/** The columns that a sink declares; none when it leaves them to its outputs. */
export function declaredColumns({ columns, onUnknownField, partition, attached = [] }: EncodeSpec): OutputColumns {
  const names = columns?.map(({ name }) => name) ?? [];
  return new OutputColumns(names, onUnknownField, [...(partition?.fields ?? []), ...attached]);
}

/** Whether two lists hold the same names in the same order; quick, because equal keys are mostly the same string. */
export function sameNames(left: readonly string[], right: readonly string[]): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}
