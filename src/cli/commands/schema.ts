/** `millrace schema`. */
import { configJsonSchemaText } from "../../config/json-schema.ts";
import { EXIT } from "../exit-codes.ts";
import type { CliProcess } from "../terminal.ts";

/** The command's options, as the command line gives them. */
export interface SchemaFlags {
  readonly runtime?: boolean;
}

/** Prints the JSON Schema of a job file, or of a runtime file. */
export function schemaCommand({ runtime = false }: SchemaFlags, { stdout }: Pick<CliProcess, "stdout">): number {
  stdout.write(configJsonSchemaText(runtime ? "runtime" : "job"));
  return EXIT.done;
}
