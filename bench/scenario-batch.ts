/** mapParallel against a plain loop: what small items cost, and whether larger ones ever take longer. */
import { runChild } from "./child.ts";
import type { Contender, Scenario } from "./scenario.ts";
import { nodeScript, type Workshop } from "./workshop.ts";

/** Items of 20 us that are worked on for as long as so many small ones would take some seconds. */
const LARGE_SHARE = 10;

/** Small items, in CPU seconds: wanted are at most 3 times those of a loop. */
export function smallBatchScenario(work: "double" | "total"): (workshop: Workshop, rows: number) => Scenario {
  const what = work === "double" ? "numbers, doubled" : "objects of three fields, made into others";
  return (_workshop, rows) => ({
    title: `mapParallel: ${rows.toLocaleString("en-US")} ${what}, CPU seconds`,
    rows,
    contenders: [
      contender("loop", "loop", work, rows, "cpuSeconds"),
      contender("mapParallel", "parallel", work, rows, "cpuSeconds"),
    ],
    remarks: ["wanted: mapParallel takes at most 3 times the CPU of the loop"],
  });
}

/** Items of about 20 us, by the clock: wanted is never more than a loop takes. */
export function largeBatchScenario(_workshop: Workshop, rows: number): Scenario {
  const items = Math.ceil(rows / LARGE_SHARE);
  return {
    title: `mapParallel: ${items.toLocaleString("en-US")} items of about 20 us, seconds by the clock`,
    rows: items,
    contenders: [
      contender("mapParallel, SHA-256 of 32 KiB", "parallel", "hash", items, "wallSeconds"),
      contender("loop, SHA-256 of 32 KiB", "loop", "hash", items, "wallSeconds"),
    ],
    remarks: ["wanted: the loop is never the quicker one"],
  };
}

function contender(
  name: string,
  how: string,
  work: string,
  items: number,
  figure: "wallSeconds" | "cpuSeconds",
): Contender {
  return {
    name,
    async run() {
      const { stdout } = await runChild(nodeScript("batch-work.ts", how, work, String(items)));
      const result = JSON.parse(stdout) as {
        readonly wallSeconds: number;
        readonly cpuSeconds: number;
        readonly check: string;
      };
      return { seconds: result[figure], check: result.check };
    },
  };
}
