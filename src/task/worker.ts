/** The entry file of a worker thread. */
import { systemClock } from "../core/clock.ts";
import type { Task, TaskReply, TaskSpec } from "../core/task.ts";
import { formatByName } from "../formats/catalog.ts";
import { serve, workerDataOf } from "../runtime/threads/worker-side.ts";
import { TaskThread } from "./task-thread.ts";

const spec = workerDataOf<TaskSpec>();
let thread: Promise<TaskThread> | undefined;

/** Milliseconds of CPU that this thread has spent. */
function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

export default serve<Task, TaskReply>(
  async (task, slot) => {
    // A module that cannot be loaded fails every task with the same words, so the promise is kept and not made anew.
    thread ??= TaskThread.create(spec, { format: formatByName, busyClock: threadCpuMs, clock: systemClock });
    return (await thread).run(task, slot);
  },
  { onClose: async () => (await thread)?.close() },
);
