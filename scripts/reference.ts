/**
 * Writes docs/reference.md.
 *
 *     npm run reference
 */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { referencePage } from "./reference-page.ts";
import { root } from "./steps.ts";

writeFileSync(path.join(root, "docs/reference.md"), referencePage());
