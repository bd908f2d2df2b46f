/** The entry file of a worker thread. */
import { serve, workerDataOf } from "../runtime/threads/worker-side.ts";
import type { Task, TaskReply, TaskSpec } from "../core/task.ts";
import { formatByName } from "../formats/catalog.ts";
import { ChunkRunner } from "./chunk-runner.ts";

const spec = workerDataOf<TaskSpec>();
let runner: Promise<ChunkRunner> | undefined;

/** Milliseconds of CPU that this thread has spent. */
function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

export default serve<Task, TaskReply>(async (task, slot) => {
  // A module that cannot be loaded fails every task with the same words, so the promise is kept and not made anew.
  runner ??= ChunkRunner.create(spec, { format: formatByName, busyClock: threadCpuMs });
  return (await runner).run(task, slot);
});
