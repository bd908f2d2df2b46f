/** The thread's end of a {@link ThreadPool}: what a worker entry file is made of. */
import { threadId, workerData as wrappedWorkerData } from "node:worker_threads";
import { RecorderSlot } from "./flight-recorder.ts";
import { packError } from "./thread-error.ts";
import type { ThreadReply, ThreadRequest } from "./thread-message.ts";

/** What a thread does with its tasks. */
export type TaskHandler<Task, Result> = (task: Task, slot: RecorderSlot) => Result | Promise<Result>;

/** What else a worker entry may do. */
export interface ServeOptions {
  /** Called when the pool closes in good order, not when it is destroyed or the thread dies. */
  readonly onClose?: () => void | Promise<void>;
}

/** The `workerData` that the pool was made with; undefined outside a pool's threads. */
export function workerDataOf<Data>(): Data {
  // Some piscinas put their own before it, in an array; the wrapper of ours tells the two apart.
  const found: unknown = Array.isArray(wrappedWorkerData) ? wrappedWorkerData[1] : wrappedWorkerData;
  return (found as { readonly data: Data } | undefined)?.data as Data;
}

/**
 * Makes the default export of a worker entry file.
 *
 * The handler calls `slot.at(index)` as it begins each record: a task that does not do so for the pool's `hangTimeoutMs`
 * counts as hung. What the handler throws rejects this task's promise and harms nothing else.
 *
 * @example
 * export default serve((task: { numbers: number[] }, slot) =>
 *   task.numbers.map((number, index) => {
 *     slot.at(index);
 *     return number * 2;
 *   }),
 * );
 */
export const serve =
  <Task, Result>(handler: TaskHandler<Task, Result>, { onClose }: ServeOptions = {}) =>
  async (request: ThreadRequest<Task>): Promise<ThreadReply<Result | void>> => {
    try {
      if (request.type === "task") return { type: "done", result: await runTask(handler, request) };
      if (request.type === "farewell") await onClose?.();
      return { type: "done", result: undefined };
    } catch (thrown) {
      return { type: "thrown", error: packError(thrown) };
    }
  };

async function runTask<Task, Result>(
  handler: TaskHandler<Task, Result>,
  { task, slot: handle }: Extract<ThreadRequest<Task>, { type: "task" }>,
): Promise<Result> {
  const slot = new RecorderSlot(handle);
  slot.begin(threadId);
  try {
    return await handler(task, slot);
  } finally {
    slot.end();
  }
}
