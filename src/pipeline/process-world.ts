/** The world around a run as a process has it: real threads, and memory of its own or shared with other runs. */
import type { Job } from "../config/job.ts";
import type { TaskRunner, TaskSpec } from "../core/task.ts";
import { BufferPool } from "../runtime/buffer-pool.ts";
import type { World } from "./execution.ts";
import type { RunJobOptions } from "./run-options.ts";
import { defaultThreads, openSharedWorld, TicketedRunner } from "./shared-world.ts";
import { startThreads, threadOptions } from "./threads.ts";

/**
 * Bytes of buffers that may lie idle between chunks: more than a run ever lets lie. To free buffers and allocate them again
 * leaves holes in the process's memory: with 12 MiB here a long load takes 90 MB more.
 */
const MAX_IDLE_BYTES = 64 * 1024 * 1024;

/** @param options what the caller says of memory */
export function processWorld(
  { workers, transform }: Job,
  given: Pick<World, "clock" | "random" | "state">,
  { memoryBytes, shared }: Pick<RunJobOptions, "memoryBytes" | "shared">,
): World {
  const threads = workers === "auto" ? (shared?.threads ?? defaultThreads()) : workers;
  const options = threadOptions(transform, threads, given.clock);
  const start = shared?.startThreads ?? startThreads;
  const { budget } = shared ?? openSharedWorld(memoryBytes === undefined ? {} : { memoryBytes });
  return {
    ...given,
    threads,
    budget,
    buffers: new BufferPool({ maxIdleBytes: MAX_IDLE_BYTES }),
    startThreads: (spec) => inTurn(start(spec, options), spec, shared),
  };
}

/** Calls that wait take no core: only what computes waits for its turn. */
function inTurn(runner: TaskRunner, spec: TaskSpec, shared: RunJobOptions["shared"]): TaskRunner {
  if (shared === undefined || spec.transform?.mode === "async") return runner;
  return new TicketedRunner(runner, shared.ticket, spec.job);
}
