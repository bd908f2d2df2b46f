/** `millrace schema`. */
import { jobJsonSchemaText } from "../../config/json-schema.ts";
import { EXIT } from "../exit-codes.ts";
import type { CliProcess } from "../terminal.ts";

/** Prints the JSON Schema of a job file. */
export function schemaCommand({ stdout }: Pick<CliProcess, "stdout">): number {
  stdout.write(jobJsonSchemaText());
  return EXIT.done;
}
