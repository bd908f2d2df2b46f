/** What is wrong with a record or one of its fields, as people are told. */
import type { RecordFault } from "../../core/ports/format.ts";
import { type Dialect, invalidBytes } from "./dialect.ts";
import type { FieldPlan } from "./field-plan.ts";

/** Characters of a bad value that a message shows. */
const SHOWN = 60;

/** A record of another width than its header's. */
export function fieldCount(found: number, expected: number): RecordFault {
  const hint =
    found < expected ? "add the missing ones, or set csv.ragged to pad" : "quote a field that holds the delimiter";
  return { code: "CSV_FIELD_COUNT", message: `${fields(found)} where the header has ${expected}: ${hint}` };
}

function fields(count: number): string {
  return count === 1 ? "1 field" : `${count} fields`;
}

/** A field whose bytes are no text. */
export function notInEncoding({ title }: FieldPlan, dialect: Dialect): RecordFault {
  return { code: "ENCODING_INVALID", message: `${JSON.stringify(title)}: ${invalidBytes(dialect)}` };
}

/** Null where the job wants none. */
export function unexpectedNull({ title }: FieldPlan): RecordFault {
  return { code: "VALUE_NULL", message: `${JSON.stringify(title)}: null in a column that is declared nullable: false` };
}

/** A text that the field's reader does not take. */
export function notOfType({ title, reader }: FieldPlan, text: string): RecordFault {
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
  return {
    code: "VALUE_INVALID",
    message: `${JSON.stringify(title)}: expected ${reader?.expected}, found ${JSON.stringify(shown)}`,
  };
}
