/** Settings of the engine under all that this program runs; set by programs, never by the library. */
import { setFlagsFromString } from "node:v8";

const ENGINE_FLAGS = [
  // Loading the modules fills the young generation with what then lives on, and the engine answers by letting it grow to a
  // size that the run never needs again: 26 MB.
  "--semi-space-growth-factor=1",
  // It lets garbage in the old generation grow to several times of what lives before it looks: 40 MB more in a long run.
  // Collecting at a third more costs a run of 5 million records 0.1 s.
  "--heap-growing-percent=30",
  // A young generation that small is collected sooner by one thread than helpers are woken: they took 5 % of the CPU of a run.
  "--no-parallel-scavenge",
  // Unrolling a loop takes the check out of it at which a thread can be ended: a transform that loops for ever, or fills its
  // memory, could then be ended with the whole process only. Without it no job was found to be slower.
  "--no-turboshaft-loop-unrolling",
  // Threads share the compiled doors through which WebAssembly calls JavaScript, and freeing one that two threads compiled
  // ends the whole process (docs/decisions/0024). Every `fetch` parses its replies with WebAssembly.
  "--wasm-wrapper-tiering-budget=2147483647",
];

/** To be called before anything large is loaded. */
export function setEngineFlags(): void {
  for (const flag of ENGINE_FLAGS) setFlagsFromString(flag);
}
