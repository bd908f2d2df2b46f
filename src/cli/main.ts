#!/usr/bin/env node
/** The program's door: refuses what cannot run it, then hands over to the commands. */
import { enableCompileCache } from "node:module";
import path from "node:path";
import { setFlagsFromString } from "node:v8";
import { refusalOf } from "./supported-runtime.ts";

/**
 * How the engine uses memory; set by the program, never by the library.
 *
 * Loading the modules fills the young generation with what then lives on, and the engine answers by letting it grow to a
 * size that the run never needs again: 26 MB. And it lets garbage in the old generation grow to several times of what
 * lives before it looks: 40 MB more in a long run. Collecting at a third more costs a run of 5 million records 0.1 s.
 *
 * Unrolling a loop takes the check out of it at which a thread can be ended: a transform that loops for ever, or fills its
 * memory, could then be ended with the whole process only. Without it no job was found to be slower.
 */
const ENGINE_FLAGS = ["--semi-space-growth-factor=1", "--heap-growing-percent=30", "--no-turboshaft-loop-unrolling"];

async function main(): Promise<void> {
  const refusal = refusalOf(process.versions);
  if (refusal !== undefined) {
    console.error(refusal);
    process.exitCode = 2;
    return;
  }
  keepCompiled();
  for (const flag of ENGINE_FLAGS) setFlagsFromString(flag);
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
