#!/usr/bin/env node
/** The program's door: refuses what cannot run it, then hands over to the commands. */
import { setFlagsFromString } from "node:v8";
import { refusalOf } from "./supported-runtime.ts";

/**
 * Loading the modules fills the young generation with what then lives on, and the engine answers by letting it grow to a
 * size that the run never needs again: 26 MB of resident memory for nothing. Only the program does this, never the library.
 */
const KEEP_YOUNG_GENERATION_SMALL = "--semi-space-growth-factor=1";

async function main(): Promise<void> {
  const refusal = refusalOf(process.versions);
  if (refusal !== undefined) {
    console.error(refusal);
    process.exitCode = 2;
    return;
  }
  setFlagsFromString(KEEP_YOUNG_GENERATION_SMALL);
  const { runProgram } = await import("./program.ts");
  // A reader that goes away (`millrace schema | head`) is no fault.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  process.exitCode = await runProgram(process.argv.slice(2), process);
}

void main();
