/**
 * A fixed number of threads that run tasks in order of arrival, on piscina.
 *
 * Piscina makes the threads, gives them tasks and replaces the dead. The rest is done here:
 *
 * - A task waits in this pool's queue until a thread can take it, so piscina never holds more than runs.
 * - Whatever a task throws comes back as a reply. A rejection of piscina's therefore means a dead thread, and the task's
 *   promise is rejected only once that thread has ended: its buffers are nobody's then.
 * - A task that no thread had begun when its thread died is not to blame: it goes back to its place in the queue.
 * - Threads that die again and again without having begun a task cannot load their module: the pool is broken and says so.
 */
import { MillraceError } from "../../core/errors.ts";
import { type Flight, Flights } from "./flights.ts";
import { HangGuard } from "./hang-guard.ts";
import { type Job, JobQueue } from "./job-queue.ts";
import { LoadGuard, loadFault } from "./load-guard.ts";
import { ThreadCrew } from "./thread-crew.ts";
import { unpackError } from "./thread-error.ts";
import { faultKindOf, threadFault } from "./thread-fault.ts";
import type { ThreadPoolOptions, ThreadPoolStats } from "./thread-pool-options.ts";
import type { RosterThread } from "./thread-roster.ts";

/**
 * Runs tasks in threads.
 *
 * @example
 * const pool = new ThreadPool<{ numbers: number[] }, number[]>({
 *   name: "double",
 *   filename: new URL("./double-worker.ts", import.meta.url),
 *   threads: 2,
 *   hangTimeoutMs: 30_000,
 *   clock: systemClock,
 * });
 * await pool.run({ numbers: [1, 2] }); // [2, 4]
 * await pool.close();
 */
export class ThreadPool<Task, Result> implements AsyncDisposable {
  readonly #options: ThreadPoolOptions;
  readonly #capacity: number;
  readonly #crew: ThreadCrew<Task, Result>;
  readonly #queue = new JobQueue<Task, Result>();
  readonly #flights: Flights<Job<Task, Result>>;
  readonly #hangGuard: HangGuard<Job<Task, Result>>;
  readonly #loadGuard = new LoadGuard();
  readonly #drainWaiters: (() => void)[] = [];
  #deaths = 0;
  /** Why no task is accepted any more. */
  #refusal: MillraceError | undefined;
  #closing: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  /** Starts the threads; a module that cannot be loaded shows at {@link run}. */
  constructor(options: ThreadPoolOptions) {
    this.#options = options;
    this.#capacity = options.threads * (options.tasksPerThread ?? 1);
    this.#crew = new ThreadCrew(options, (thread) => this.#onThreadEnded(thread));
    this.#flights = new Flights(this.#capacity, this.#crew.roster);
    this.#hangGuard = new HangGuard(options, this.#flights, this.#crew.roster);
  }

  get stats(): ThreadPoolStats {
    return {
      threads: this.#crew.roster.living.length,
      running: this.#flights.size,
      queued: this.#queue.size,
      deaths: this.#deaths,
    };
  }

  /**
   * Runs a task in the next free thread.
   *
   * What the task throws rejects the promise as it was thrown (name, message, stack, causes; a MillraceError stays one).
   * By then no thread touches the task's buffers any more.
   *
   * @throws MillraceError THREAD_FAILED when its thread died ({@link threadFaultDetails} say of what and at which
   *   record), SETUP_FAILED when the threads cannot load their module, CLOSED after {@link close} or {@link destroy}
   */
  run(task: Task): Promise<Result> {
    if (this.#refusal) return Promise.reject(this.#refusal);
    const result = this.#queue.add(task);
    this.#pump();
    return result;
  }

  /** Accepts no more, finishes every task that was accepted, lets the threads clean up and ends them. */
  close(): Promise<void> {
    this.#closing ??= this.#closeInOrder();
    return this.#closing;
  }

  /**
   * Ends the threads at once; tasks that were queued or running reject with CLOSED. Resolves when no thread lives any
   * more.
   */
  destroy(): Promise<void> {
    return this.#stop(this.#closedError("was destroyed"));
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #closeInOrder(): Promise<void> {
    this.#refusal ??= this.#closedError("is closed");
    await this.#drained();
    if (!this.#stopping && this.#crew.roster.living.some(({ began }) => began)) await this.#crew.sayFarewell();
    await this.#stop(this.#refusal);
  }

  #stop(reason: MillraceError): Promise<void> {
    this.#refusal = reason;
    this.#stopping ??= this.#endThreads();
    this.#queue.rejectAll(reason);
    return this.#stopping;
  }

  async #endThreads(): Promise<void> {
    this.#hangGuard[Symbol.dispose]();
    await this.#crew.end();
    await this.#drained();
  }

  async #drained(): Promise<void> {
    if (this.#flights.size > 0 || this.#queue.size > 0) {
      await new Promise<void>((resolve) => this.#drainWaiters.push(resolve));
    }
  }

  #pump(): void {
    while (this.#flights.size < this.#capacity) {
      const job = this.#queue.next();
      if (job === undefined) break;
      void this.#fly(job);
    }
    if (this.#flights.size > 0) return;
    for (const resolve of this.#drainWaiters.splice(0)) resolve();
  }

  async #fly(job: Job<Task, Result>): Promise<void> {
    const flight = this.#flights.begin(job);
    this.#hangGuard.watch();
    const settle = await this.#attempt(flight);
    this.#flights.end(flight);
    if (settle) settle();
    else this.#putBack(job);
    this.#pump();
  }

  /** Runs the task once; how to settle it, or null if it must be given to another thread. */
  async #attempt(flight: Flight<Job<Task, Result>>): Promise<(() => void) | null> {
    const { task, outcome } = flight.job;
    try {
      const reply = await this.#crew.run(task, flight.slot);
      this.#loadGuard.noteAnswer();
      this.#flights.noteBegan(flight);
      return reply.type === "done"
        ? () => outcome.resolve(reply.result)
        : () => outcome.reject(unpackError(reply.error));
    } catch (thrown) {
      const fault = await this.#faultOf(flight, thrown);
      return fault && (() => outcome.reject(fault));
    }
  }

  /** Waits until the thread of a failed flight has ended and says what went wrong; null if no thread had begun it. */
  async #faultOf(flight: Flight<Job<Task, Result>>, thrown: unknown): Promise<MillraceError | null> {
    const { threadId } = this.#flights.read(flight);
    if (threadId !== null) await this.#crew.roster.ended(threadId);
    else if (this.#stopping) await this.#crew.roster.allEnded();
    if (this.#stopping && this.#refusal) return this.#refusal;
    const { death } = flight;
    if (death) return threadFault(this.#options.name, death, this.#flights.recordToBlame(flight, death));
    return this.#crew.isDeath(thrown) ? null : this.#notStarted(thrown);
  }

  #notStarted(thrown: unknown): MillraceError {
    const unsendable = thrown instanceof DOMException && thrown.name === "DataCloneError";
    return MillraceError.from(
      thrown,
      unsendable ? "INVARIANT" : "SETUP_FAILED",
      `a task of pool "${this.#options.name}" could not be given to a thread`,
    );
  }

  #putBack(job: Job<Task, Result>): void {
    if (this.#stopping && this.#refusal) return job.outcome.reject(this.#refusal);
    this.#queue.putBack(job);
  }

  #onThreadEnded(thread: RosterThread): void {
    this.#flights.noteDeath(thread);
    if (this.#stopping) return;
    this.#deaths++;
    this.#loadGuard.noteEnd(thread);
    const kind = thread.began ? faultKindOf(thread) : "load";
    this.#options.onEvent?.({ type: "ended", threadId: thread.threadId, kind });
    if (this.#loadGuard.isHopeless(this.#crew.roster.living)) void this.#stop(loadFault(this.#options, thread));
    else this.#crew.nudge();
  }

  #closedError(what: string): MillraceError {
    return new MillraceError("CLOSED", `thread pool "${this.#options.name}" ${what}`);
  }
}
