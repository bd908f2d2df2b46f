/** Records to test a transform with: lines of `{in, out}`, made of the first records of the data. */
import type { Column } from "../../core/record.ts";
import { columnReader } from "../../formats/values/column-reader.ts";
import type { InferredSource } from "./infer.ts";

/** The fixtures; the transform that is written beside them changes nothing, so what goes in comes out. */
export function fixtureText({ examples, fields, nulls, format }: InferredSource): string {
  const lines = examples.map((example) => {
    const record = Object.fromEntries(
      fields
        .filter(({ name }) => Object.hasOwn(example, name))
        .map(({ name, column }) => [name, valueOf(example[name], column ?? { type: "json" }, format === "csv", nulls)]),
    );
    return JSON.stringify({ in: record, out: record });
  });
  return `${lines.join("\n")}\n`;
}

/** A field as the transform sees it, as far as JSON can say it. */
function valueOf(value: unknown, column: Column, isText: boolean, nulls: readonly string[]): unknown {
  if (typeof value !== "string") return value;
  if (isText && (nulls.includes(value) || (value === "" && column.type !== "string"))) return null;
  if (column.type === "json" && !isText) return value;
  const read = columnReader(column).read(value);
  return typeof read === "bigint" ? String(read) : read;
}
