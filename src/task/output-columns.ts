/** What a function in mode columns returned, row by row. */
import { MillraceError } from "../core/errors.ts";
import type { ColumnResult, OutputValues } from "./column-types.ts";
import { isFields, isSame } from "./held-record.ts";
import { type ColumnKind, elementOf, type InputColumns } from "./input-columns.ts";
import { isPromise, type Outcome, refused } from "./outcome.ts";

const FILTERED: Outcome = { kind: "filtered" };

interface OutputColumn {
  readonly name: string;
  readonly values: OutputValues;
  readonly kind: ColumnKind;
  readonly nulls: Uint8Array | null;
  /** The field of the record whose column this is, when it was handed on. */
  readonly handedOn: string | null;
}

/**
 * Reads a result row by row, into one and the same output: nothing is made per record.
 *
 * A value that stands in an array of the input as it stood there is the record's own, which the encoder then finds untouched.
 */
export class OutputColumns {
  readonly #length: number;
  readonly #columns: readonly OutputColumn[];
  readonly #keep: ColumnResult["keep"];
  readonly #rejects: ColumnResult["rejects"];
  readonly #row: { [field: string]: unknown };
  readonly #outcome: Outcome;

  /** @throws MillraceError TRANSFORM_INVALID when it is no result of so many records */
  constructor(returned: unknown, length: number, input: InputColumns) {
    const result = resultOf(returned);
    this.#length = length;
    this.#columns = Object.entries(result.columns).map(([name, values]) => this.#column(name, values, result, input));
    this.#keep = result.keep;
    this.#rejects = result.rejects;
    this.#row = Object.fromEntries(this.#columns.map(({ name }) => [name, null]));
    this.#outcome = { kind: "outputs", outputs: [this.#row] };
    if (this.#keep !== undefined) this.#assertLength("keep", this.#keep);
    if (this.#rejects !== undefined && !Array.isArray(this.#rejects)) {
      throw invalid("`rejects` is no array of reasons");
    }
  }

  /** Whether a row may hold a value of its record, so that the record has to be read once more. */
  get handsOn(): boolean {
    return this.#columns.some(({ handedOn }) => handedOn !== null);
  }

  /** What becomes of record `index`; its output is good until the next call. */
  outcomeOf(index: number, record: unknown): Outcome {
    const reason = this.#rejects?.[index];
    if (typeof reason === "string") return refused(reason);
    if (this.#keep !== undefined && !this.#keep[index]) return FILTERED;
    const fields = isFields(record) ? record : null;
    for (const column of this.#columns) this.#row[column.name] = valueOf(column, index, fields);
    return this.#outcome;
  }

  #column(name: string, values: unknown, { nulls = {}, types = {} }: ColumnResult, input: InputColumns): OutputColumn {
    if (!Array.isArray(values) && !(ArrayBuffer.isView(values) && "length" in values)) {
      throw invalid(`column "${name}" is no array`);
    }
    const array = values as OutputValues;
    this.#assertLength(`column "${name}"`, array);
    const own = nulls[name];
    if (own !== undefined) this.#assertLength(`nulls of "${name}"`, own);
    const origin = [...input].find(([, column]) => column.values === array);
    return {
      name,
      values: array,
      kind: types[name] ?? origin?.[1].kind ?? "any",
      nulls: own ?? origin?.[1].nulls ?? null,
      handedOn: origin?.[0] ?? null,
    };
  }

  #assertLength(what: string, array: { readonly length: number }): void {
    if (array.length === this.#length) return;
    throw invalid(
      `${what} has ${array.length} elements for ${this.#length} records; give one for each, in their order`,
    );
  }
}

function resultOf(returned: unknown): ColumnResult {
  if (isPromise(returned)) {
    returned.then(undefined, () => {});
    throw invalid("it returned a promise, which only mode async can wait for");
  }
  if (isFields(returned) && isFields(returned["columns"])) return returned as unknown as ColumnResult;
  throw invalid("it returned no object with `columns`; return { columns: { name: array } }");
}

function invalid(why: string): MillraceError {
  return new MillraceError("TRANSFORM_INVALID", `mode columns: ${why}`);
}

function valueOf({ values, kind, nulls, handedOn }: OutputColumn, index: number, record: Fields | null): unknown {
  const element: unknown = values[index];
  if (record !== null && handedOn !== null) {
    const own = record[handedOn];
    const asIs = nulls === null || (nulls[index] === 1) === (own === null || own === undefined);
    if (asIs && isSame(element, elementOf(kind, own))) return own;
  }
  if (nulls?.[index] === 1) return null;
  if (kind === "timestamp") return new Date(element as number);
  return kind === "boolean" ? Boolean(element) : element;
}

type Fields = { readonly [field: string]: unknown };
