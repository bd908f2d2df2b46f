/** The JSON Schema of a job file, for editors: `millrace schema` prints it. */
import { z } from "zod";
import { jobShape } from "./job-shape.ts";

/** A JSON Schema (draft 2020-12) of what a job file may hold. */
export function jobJsonSchema(): object {
  return z.toJSONSchema(jobShape, { io: "input", target: "draft-2020-12" });
}

/** The text of `config/millrace.schema.json`, laid out as this repository's formatter leaves it. */
export function jobJsonSchemaText(): string {
  return `${JSON.stringify(jobJsonSchema(), null, 2)}\n`.replaceAll(shortList, onOneLine);
}

/** A line that opens a list of plain values, the values, and the line that closes it. */
const shortList = /^( *(?:"[^"]*": )?\[)\n((?: +(?:"(?:[^"\\]|\\.)*"|[\w.+-]+),?\n)+) *(\],?)$/gm;
const LINE_WIDTH = 120;

function onOneLine(list: string, open: string, values: string, close: string): string {
  const line = open + values.trim().replaceAll(/,\n */g, ", ") + close;
  return line.length > LINE_WIDTH ? list : line;
}
