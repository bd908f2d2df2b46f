/** The JSON Schemas of job files and runtime files, for editors: `millrace schema` prints them. */
import { z } from "zod";
import { jobShape } from "./job-shape.ts";
import { runtimeShape } from "./runtime-shape.ts";

/** The kinds of files that have one. */
const SHAPES = { job: jobShape, runtime: runtimeShape };

/** A JSON Schema (draft 2020-12) of what a file may hold. */
export function configJsonSchema(kind: keyof typeof SHAPES): object {
  return z.toJSONSchema(SHAPES[kind], { io: "input", target: "draft-2020-12" });
}

/** The text of `config/millrace.schema.json` and its like, laid out as this repository's formatter leaves it. */
export function configJsonSchemaText(kind: keyof typeof SHAPES): string {
  return `${JSON.stringify(configJsonSchema(kind), null, 2)}\n`.replaceAll(shortList, onOneLine);
}

/** A line that opens a list of plain values, the values, and the line that closes it. */
const shortList = /^( *(?:"[^"]*": )?\[)\n((?: +(?:"(?:[^"\\]|\\.)*"|[\w.+-]+),?\n)+) *(\],?)$/gm;
const LINE_WIDTH = 120;

function onOneLine(list: string, open: string, values: string, close: string): string {
  const line = open + values.trim().replaceAll(/,\n */g, ", ") + close;
  return line.length > LINE_WIDTH ? list : line;
}
