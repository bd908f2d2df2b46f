/** Loaded before the program (`node --import`): at its end, tells how busy the main thread was, in the file named by BENCH_MAIN_THREAD. */
import { writeFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

const file = process.env["BENCH_MAIN_THREAD"];
if (isMainThread && file !== undefined) {
  process.on("exit", () => {
    const { utilization } = performance.eventLoopUtilization();
    const { user, system } = process.threadCpuUsage();
    const cpuSeconds = (user + system) / 1e6;
    const cpuShare = cpuSeconds / (performance.now() / 1_000);
    writeFileSync(file, JSON.stringify({ utilization, cpuShare, cpuSeconds }));
  });
}
