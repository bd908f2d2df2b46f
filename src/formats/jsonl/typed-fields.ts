/** Declared columns applied to the fields of a JSON object. */
import type { RecordFault } from "../../core/ports/format.ts";
import type { Columns } from "../../core/record.ts";
import { type ColumnReader, columnReader, INVALID } from "../values/column-reader.ts";
import type { LineFields } from "./line-fields.ts";

interface TypedField {
  readonly name: string;
  readonly reader: ColumnReader;
  readonly required: boolean;
  /** Every object inherits something of this name, so only an own property counts. */
  readonly inherited: boolean;
}

/** How much of a bad value a message shows. */
const SHOWN = 60;

/** Reads declared fields in place. */
export class TypedFields {
  readonly #fields: readonly TypedField[];

  /** @throws MillraceError CONFIG_INVALID for a date pattern or a time zone that does not exist */
  constructor(columns: Columns) {
    this.#fields = Object.entries(columns).map(([name, column]) => ({
      name,
      reader: columnReader(column),
      required: column.nullable === false,
      inherited: name in Object.prototype,
    }));
  }

  /** Whether any are declared: then a record has to be an object. */
  get any(): boolean {
    return this.#fields.length > 0;
  }

  /** Turns the declared fields of `record` into values of their types; the first fault if one of them is none. */
  apply(record: Record<string, unknown>, source: LineFields): RecordFault | undefined {
    for (const field of this.#fields) {
      const { name, reader } = field;
      const value = field.inherited && !Object.hasOwn(record, name) ? undefined : record[name];
      if (value === undefined || value === null) {
        if (field.required) return missing(name, value);
        continue;
      }
      const text = typeof value === "number" && reader.exact ? source.text(source.indexOf(name)) : undefined;
      const converted = reader.readJson(value, text);
      if (converted === INVALID) return invalid(name, value, source, reader.expected);
      if (converted === value) continue;
      record[name] = converted;
      // what is neither a number with its digits nor kept as it is has been read from a string
      source.noteConverted(source.indexOf(name), converted, text ?? (value as string), reader);
    }
    return undefined;
  }
}

function missing(name: string, value: null | undefined): RecordFault {
  const what = value === null ? "null in" : "missing, and it is";
  return { code: "VALUE_NULL", message: `${JSON.stringify(name)}: ${what} a column that is declared nullable: false` };
}

function invalid(name: string, value: unknown, source: LineFields, expected: string): RecordFault {
  const text = source.text(source.indexOf(name));
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
  const found = typeof value === "string" ? JSON.stringify(shown) : shown;
  return { code: "VALUE_INVALID", message: `${JSON.stringify(name)}: expected ${expected}, found ${found}` };
}
