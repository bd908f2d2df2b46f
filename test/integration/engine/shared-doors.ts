/** Threads that make WebAssembly call JavaScript until the engine compiles a door for it, drop it, and are ended. */
import { Worker } from "node:worker_threads";
import { setEngineFlags } from "../../../src/cli/engine-flags.ts";

const SIDE_BY_SIDE = 2;
const THREADS = 12;
const LIFE_MS = 1500;

/** A module that imports a function of some parameters and calls it; dropped modules are collected at once. */
const THREAD = `
  const TYPES = [0x7f, 0x7e, 0x7d, 0x7c];
  const ZERO = { 0x7f: [0x41, 0], 0x7e: [0x42, 0], 0x7d: [0x43, 0, 0, 0, 0], 0x7c: [0x44, 0, 0, 0, 0, 0, 0, 0, 0] };
  const section = (id, bytes) => [id, bytes.length, ...bytes];
  function caller(parameters) {
    const body = [0, ...parameters.flatMap((type) => ZERO[type]), 0x10, 0, 0x0b];
    return new Uint8Array([
      ...[0, 97, 115, 109, 1, 0, 0, 0],
      ...section(1, [2, 0x60, parameters.length, ...parameters, 0, 0x60, 0, 0]),
      ...section(2, [1, 1, 109, 1, 102, 0, 0]),
      ...section(3, [1, 1]),
      ...section(7, [1, 1, 103, 0, 1]),
      ...section(10, [1, body.length, ...body]),
    ]);
  }
  for (let round = 0; ; round++) {
    const parameters = [];
    for (let rest = round % 64; rest > 0; rest >>= 2) parameters.push(TYPES[rest & 3]);
    const module = new WebAssembly.Module(caller(parameters));
    const { exports } = new WebAssembly.Instance(module, { m: { f: () => {} } });
    for (let call = 0; call < 1100; call++) exports.g();
    if (round % 20 === 0) gc();
  }
`;

if (process.argv.includes("--as-the-program")) setEngineFlags();
let begun = 0;
async function threadsInTurn(): Promise<void> {
  while (begun++ < THREADS) {
    const thread = new Worker(THREAD, { eval: true });
    await new Promise((resolve) => thread.once("online", resolve));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * LIFE_MS));
    await thread.terminate();
  }
}
await Promise.all(Array.from({ length: SIDE_BY_SIDE }, threadsInTurn));
console.log("all threads ended");
