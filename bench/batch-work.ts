/**
 * A contender: works on a list, in a loop or by mapParallel. Prints its seconds, those of its processors and a check as JSON.
 *
 * Arguments: `loop` or `parallel`; the name of a function of batch-functions.ts; the number of items.
 */
import type { Line } from "./batch-functions.ts";

const [, , how = "", name = "", count = ""] = process.argv;
// Named by a string of its own: the compiler need not find what is built.
const built: string = "../dist/batch/index.js";
const { mapParallel } = (await import(built)) as typeof import("../src/batch/index.ts");
const module = new URL("./batch-functions.ts", import.meta.url);
const functions = (await import("./batch-functions.ts")) as unknown as Readonly<
  Record<string, (item: unknown) => unknown>
>;

const items = Array.from({ length: Number(count) }, (_, id) =>
  name === "total" ? ({ id, price: id / 100, quantity: id % 7 } satisfies Line) : id,
);

async function work(): Promise<readonly unknown[]> {
  if (how === "parallel") return await mapParallel<unknown>(items, module, { export: name });
  const results: unknown[] = [];
  const one = functions[name] as (item: unknown) => unknown;
  for (const item of items) results.push(one(item));
  return results;
}

const before = process.cpuUsage();
const begun = performance.now();
const results = await work();
const wallSeconds = (performance.now() - begun) / 1000;
const { user, system } = process.cpuUsage(before);
console.log(
  JSON.stringify({
    wallSeconds,
    cpuSeconds: (user + system) / 1e6,
    check: `${results.length}, ${JSON.stringify(results.at(-1))}`,
  }),
);
