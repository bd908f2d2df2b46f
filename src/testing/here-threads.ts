/** The worker threads' code in the calling thread: nothing runs beside the test, and a debugger sees it all. */
import type { Clock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import type { TaskRunner, TaskSpec } from "../core/task.ts";
import { formatByName } from "../formats/catalog.ts";
import { TaskThread } from "../task/task-thread.ts";

/** Starts runners that are no threads. */
export class HereThreads {
  readonly #clock: Clock;
  readonly #working = new Set<Promise<unknown>>();

  /** @param clock for what the user's code may take, so the real one unless that is what is tested */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(spec: TaskSpec): TaskRunner {
    const tools = { format: formatByName, busyClock: () => 0, clock: this.#clock };
    const thread = this.#tracked(TaskThread.create(spec, tools));
    let isDestroyed = false;
    return {
      run: (task) =>
        this.#tracked(
          thread.then((ready) => {
            if (isDestroyed) throw new MillraceError("CLOSED", "the threads were ended");
            return ready.run(task, { at: () => {}, beat: () => {} });
          }),
        ),
      close: () => this.#tracked(thread.then((ready) => ready.close())),
      destroy: async () => {
        isDestroyed = true;
      },
    };
  }

  /** Resolves when nothing is at work. */
  async idle(): Promise<void> {
    while (this.#working.size > 0) await Promise.allSettled(this.#working);
  }

  #tracked<T>(work: Promise<T>): Promise<T> {
    const tracked = work.finally(() => this.#working.delete(tracked));
    this.#working.add(tracked);
    tracked.catch(() => {});
    return tracked;
  }
}
