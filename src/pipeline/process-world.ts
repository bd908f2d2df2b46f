/** The world around a run as a process has it: real threads, and a share of the machine's memory. */
import { availableParallelism } from "node:os";
import type { Job } from "../config/job.ts";
import { BufferPool } from "../runtime/buffer-pool.ts";
import { defaultBudgetBytes, MemoryBudget } from "../runtime/memory-budget.ts";
import type { World } from "./execution.ts";
import { startThreads, threadOptions } from "./threads.ts";

/**
 * Bytes of buffers that may lie idle between chunks: more than a run ever lets lie. To free buffers and allocate them again
 * leaves holes in the process's memory: with 12 MiB here a long load takes 90 MB more.
 */
const MAX_IDLE_BYTES = 64 * 1024 * 1024;

/** @param memoryBytes bytes that chunks may occupy; a quarter of the machine's memory when undefined */
export function processWorld(
  { workers, transform }: Job,
  given: Pick<World, "clock" | "random" | "state">,
  memoryBytes: number | undefined,
): World {
  const threads = workers === "auto" ? Math.max(1, availableParallelism() - 1) : workers;
  const options = threadOptions(transform, threads, given.clock);
  return {
    ...given,
    threads,
    budget: new MemoryBudget({ limitBytes: memoryBytes ?? defaultBudgetBytes() }),
    buffers: new BufferPool({ maxIdleBytes: MAX_IDLE_BYTES }),
    startThreads: (spec) => startThreads(spec, options),
  };
}
