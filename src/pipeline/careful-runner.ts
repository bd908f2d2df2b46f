/** Keeps careful tasks apart from all others, where a thread works on several tasks at once. */
import type { Task, TaskReply, TaskRunner } from "../core/task.ts";
import { SharedLock } from "../runtime/shared-lock.ts";

/**
 * A thread that dies takes all its tasks with it, and each says at which record it was. Only a task that was alone may be
 * believed, so careful ones wait until no other runs.
 */
export class CarefulRunner implements TaskRunner {
  readonly #runner: TaskRunner;
  readonly #lock = new SharedLock();

  constructor(runner: TaskRunner) {
    this.#runner = runner;
  }

  async run(task: Task): Promise<TaskReply> {
    using _permit = await this.#lock.enter(task.careful ? "alone" : "together");
    return await this.#runner.run(task);
  }

  close(): Promise<void> {
    return this.#runner.close();
  }

  destroy(): Promise<void> {
    return this.#runner.destroy();
  }
}
