/**
 * Writes what is made of the shapes of jobs and runtime files: docs/reference.md, docs/reference-runtime.md, and the JSON
 * Schemas in config.
 *
 *     npm run reference
 */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { configJsonSchemaText } from "../src/config/json-schema.ts";
import { referencePage, runtimeReferencePage } from "./reference-page.ts";
import { root } from "./steps.ts";

writeFileSync(path.join(root, "docs/reference.md"), referencePage());
writeFileSync(path.join(root, "docs/reference-runtime.md"), runtimeReferencePage());
writeFileSync(path.join(root, "config/millrace.schema.json"), configJsonSchemaText("job"));
writeFileSync(path.join(root, "config/millrace-runtime.schema.json"), configJsonSchemaText("runtime"));
