/** The threads of a pool: piscina makes them, gives them tasks and replaces the dead; the roster follows their lives. */
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { sleep } from "../../core/clock.ts";
import type { RecorderHandle } from "./flight-recorder.ts";
import type { ThreadReply, ThreadRequest } from "./thread-message.ts";
import type { ThreadPoolOptions } from "./thread-pool-options.ts";
import { type RosterThread, ThreadRoster } from "./thread-roster.ts";

const DEFAULT_CLOSE_TIMEOUT_MS = 5000;

/** One pool's piscina, with the roster of its threads. */
export class ThreadCrew<Task, Result> {
  readonly roster: ThreadRoster;
  readonly #options: ThreadPoolOptions;
  readonly #piscina: Piscina<ThreadRequest<Task>, ThreadReply<Result>>;

  /**
   * Starts the threads.
   *
   * @param onEnded called when a thread has ended, in the turn in which piscina learns of it; never from in here
   */
  constructor(options: ThreadPoolOptions, onEnded: (thread: RosterThread) => void) {
    this.#options = options;
    this.#piscina = startPiscina<Task, Result>(options);
    this.#piscina.on("error", () => {}); // the roster hears of the same errors from the workers themselves
    this.#piscina.on("message", (message: unknown) => options.onEvent?.({ type: "message", message }));
    this.#piscina.on("workerCreate", () => this.roster.update());
    this.roster = new ThreadRoster(() => this.#piscina.threads, {
      started: ({ threadId }) => options.onEvent?.({ type: "started", threadId }),
      ended: onEnded,
    });
    this.roster.update();
  }

  /** Gives a task to a free thread. Rejects when that thread dies or none can be given the task. */
  run(task: Task, slot: RecorderHandle): Promise<ThreadReply<Result>> {
    const reply = this.#piscina.run({ type: "task", task, slot });
    this.roster.update();
    return reply;
  }

  /** Whether a rejection of {@link run} tells of a thread's death. */
  isDeath(thrown: unknown): boolean {
    return (
      this.roster.isLethal(thrown) || (thrown instanceof Error && thrown.message.startsWith("worker exited with code"))
    );
  }

  /** Once a replacement has failed to load, piscina replaces nobody until it is given a task. */
  nudge(): void {
    if (this.#piscina.queueSize === 0 || this.#piscina.threads.length >= this.#options.threads) return;
    this.#piscina.run({ type: "nudge" }).catch(() => {}); // whether it is ever answered does not matter
    this.roster.update();
  }

  /**
   * Lets idle threads clean up, for `closeTimeoutMs` at most: one message to each, for piscina gives an idle thread's
   * task to no other.
   */
  async sayFarewell(): Promise<void> {
    const { clock, threads, closeTimeoutMs = DEFAULT_CLOSE_TIMEOUT_MS } = this.#options;
    const enough = new AbortController();
    const farewells = Array.from({ length: threads }, () => this.#piscina.run({ type: "farewell" }));
    const deadline = sleep(clock, closeTimeoutMs, enough.signal).catch(() => {});
    await Promise.race([Promise.allSettled(farewells), deadline]);
    enough.abort();
  }

  /** Ends the threads; resolves when none lives any more. */
  async end(): Promise<void> {
    await this.#piscina.destroy();
    await this.roster.allEnded();
  }
}

function startPiscina<Task, Result>(options: ThreadPoolOptions): Piscina<ThreadRequest<Task>, ThreadReply<Result>> {
  const { filename, threads, tasksPerThread = 1, workerData, resourceLimits } = options;
  return new Piscina({
    filename: fileURLToPath(filename),
    minThreads: threads,
    maxThreads: threads,
    concurrentTasksPerWorker: tasksPerThread,
    idleTimeout: Infinity,
    atomics: "disabled", // a thread's sockets and timers go on between its tasks
    stricterFIFO: true,
    recordTiming: false,
    workerData: { data: workerData },
    ...(resourceLimits && { resourceLimits }),
  });
}
