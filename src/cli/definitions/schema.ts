/** `millrace schema`. */
import type { SchemaFlags } from "../commands/schema.ts";
import type { AddCommand } from "./add-command.ts";

const EXAMPLES = `
Example:
  millrace schema > millrace.schema.json
  and at the head of a job.yaml: # yaml-language-server: $schema=./millrace.schema.json`;

export const addSchema: AddCommand = (program, process, end) => {
  program
    .command("schema")
    .description("print the JSON Schema of a job file, for editors")
    .option("--runtime", "that of a runtime file, which the daemon reads")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: SchemaFlags) => {
      const { schemaCommand } = await import("../commands/schema.ts");
      end(schemaCommand(flags, process));
    });
};
