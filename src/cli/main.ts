#!/usr/bin/env node
/** The program's door: refuses what cannot run it, then hands over to the commands. */
import { refusalOf } from "./supported-runtime.ts";

async function main(): Promise<void> {
  const refusal = refusalOf(process.versions);
  if (refusal !== undefined) {
    console.error(refusal);
    process.exitCode = 2;
    return;
  }
  const { runProgram } = await import("./program.ts");
  // A reader that goes away (`millrace schema | head`) is no fault.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  process.exitCode = await runProgram(process.argv.slice(2), process);
}

void main();
