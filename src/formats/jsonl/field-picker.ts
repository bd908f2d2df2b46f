/** Takes and renames fields of JSON objects, which know no header. */
import type { DecodeSpec, RecordFault } from "../../core/ports/format.ts";
import type { Columns } from "../../core/record.ts";
import { renamed } from "../field-selection.ts";

/** A record's fields, and the numbers that they had in the source's object. */
export interface PickedFields {
  readonly record: Record<string, unknown>;
  readonly sources: readonly number[];
}

type Spec = Pick<DecodeSpec, "select" | "rename" | "columns">;

/** Applies `select` and `rename`. */
export class FieldPicker {
  /** The declared columns of the fields that are taken. */
  readonly columns: Columns;
  readonly #select: readonly string[] | null;
  readonly #rename: { readonly [field: string]: string };

  constructor({ select, rename = {}, columns }: Spec) {
    this.#select = select ?? null;
    this.#rename = rename;
    const taken = Object.entries(columns).filter(([name]) => select === undefined || select.includes(name));
    this.columns = Object.fromEntries(taken);
  }

  /** Whether records are anything but the source's own objects. */
  static isNeeded({ select, rename = {} }: Spec): boolean {
    return select !== undefined || Object.keys(rename).length > 0;
  }

  /** The record of a source's object; a field that is selected and missing stays missing. */
  pick(object: Record<string, unknown>): PickedFields | { readonly fault: RecordFault } {
    const keys = Object.keys(object);
    const taken = this.#select === null ? keys : this.#select.filter((name) => Object.hasOwn(object, name));
    const entries = taken.map((name) => [renamed(name, this.#rename), object[name]] as const);
    const record: Record<string, unknown> = Object.fromEntries(entries);
    const names = Object.keys(record);
    if (names.length < taken.length) return { fault: twice(taken, this.#rename) };
    // an object lists names that are numbers first
    const sourceOf = new Map(taken.map((name) => [renamed(name, this.#rename), keys.indexOf(name)]));
    return { record, sources: names.map((name) => sourceOf.get(name) as number) };
  }
}

function twice(taken: readonly string[], rename: { readonly [field: string]: string }): RecordFault {
  const names = taken.map((name) => renamed(name, rename));
  const clash = names.findIndex((name, index) => names.indexOf(name) !== index);
  return {
    code: "VALUE_INVALID",
    message: `two fields are called ${JSON.stringify(names[clash])} behind rename: give one of them another name, or leave it out of select`,
  };
}
