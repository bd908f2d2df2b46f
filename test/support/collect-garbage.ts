/** Runs the garbage collector, for tests of what happens after an object is gone. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Collects garbage and lets finalizers run until `done` says so. */
export async function collectGarbageUntil(done: () => boolean): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let round = 0; round < 100 && !done(); round++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
