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
 * A sink's output columns, as a reader of outputs: their values by number, and what an output has beside them.
 */
export class OutputColumns {
  readonly names: readonly string[];
  /** Columns called as something that every object inherits: only an own property counts. */
  readonly #inherited: readonly boolean[];
  readonly #ignoreUnknown: boolean;
  /** The keys of an earlier output, all of them columns. */
  #knownKeys: readonly string[] = [];
  #sourceNames: readonly string[] = [];
  #sourceIndexes: Int32Array;

  constructor(names: readonly string[], onUnknownField: "error" | "ignore") {
    this.names = names;
    this.#inherited = names.map((name) => name in Object.prototype);
    this.#ignoreUnknown = onUnknownField === "ignore";
    this.#sourceIndexes = new Int32Array(names.length).fill(-1);
  }

  /** The value of column `index`; undefined when the output has none. */
  value(fields: OutputFields, index: number): unknown {
    const name = this.names[index] as string;
    return this.#inherited[index] === true && !Object.hasOwn(fields, name) ? undefined : fields[name];
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
  refuseOthers(fields: OutputFields): void {
    if (this.#ignoreUnknown) return;
    const keys = Object.keys(fields);
    if (sameNames(keys, this.#knownKeys)) return;
    const others = keys.filter((key) => !this.names.includes(key));
    const unknown = others.find((key) => fields[key] !== undefined);
    if (unknown !== undefined) {
      const columns = this.names.join(", ");
      throw new MillraceError(
        "FIELD_UNKNOWN",
        `field "${unknown}" is no column of the sink; its columns are ${columns}`,
      );
    }
    if (others.length === 0) this.#knownKeys = keys;
  }
}

/** The columns that a sink declares; none when it leaves them to its outputs. */
export function declaredColumns({ columns, onUnknownField }: EncodeSpec): OutputColumns {
  const names = columns?.map(({ name }) => name) ?? [];
  return new OutputColumns(names, onUnknownField);
}

/** Whether two lists hold the same names in the same order; quick, because equal keys are mostly the same string. */
export function sameNames(left: readonly string[], right: readonly string[]): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}
