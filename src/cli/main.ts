#!/usr/bin/env node
/** The program's door: refuses what cannot run it, then hands over to the commands. */
import { enableCompileCache } from "node:module";
import path from "node:path";
import { setEngineFlags } from "./engine-flags.ts";
import { refusalOf } from "./supported-runtime.ts";

async function main(): Promise<void> {
  const refusal = refusalOf(process.versions);
  if (refusal !== undefined) {
    console.error(refusal);
    process.exitCode = 2;
    return;
  }
  keepCompiled();
  setEngineFlags();
  const { runProgram } = await import("./program.ts");
  // A reader that goes away (`millrace schema | head`) is no fault.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  process.exitCode = await runProgram(process.argv.slice(2), process);
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  // All is done and durable: the shorter a finished run is still there, the less it can be killed and begun once more.
  process.exit();
}

/**
 * Half of a short run is compiling what was compiled the last time, and a transform in TypeScript costs 18 MB of a compiler
 * besides. Threads look for the cache in the environment.
 */
function keepCompiled(): void {
  const { directory } = enableCompileCache();
  if (directory !== undefined) process.env["NODE_COMPILE_CACHE"] ??= path.dirname(directory);
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write("", () => resolve()));
}

void main();
