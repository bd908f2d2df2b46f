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
import type { ResourceLimits } from "node:worker_threads";
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { type Clock, sleep } from "../../core/clock.ts";
import { MillraceError } from "../../core/errors.ts";
import { type FlightReading, FlightRecorder, type RecorderHandle } from "./flight-recorder.ts";
import { unpackError } from "./thread-error.ts";
import { type ThreadFaultKind, faultKindOf, threadFault } from "./thread-fault.ts";
import type { ThreadReply, ThreadRequest } from "./thread-message.ts";
import { type RosterThread, ThreadRoster } from "./thread-roster.ts";
import { Watchdog } from "./watchdog.ts";

/** So many threads in a row that end before they begin a task mean that the module cannot be loaded. */
const MAX_LOAD_FAILURES = 3;
const DEFAULT_CLOSE_TIMEOUT_MS = 5000;

/** How a {@link ThreadPool} is made. */
export interface ThreadPoolOptions {
  /** Used in messages. */
  readonly name: string;
  /** A module whose default export was made by `serve` of `worker-side.ts`. */
  readonly filename: URL;
  readonly threads: number;
  /** More than 1 for tasks that mostly wait; 1 by default. */
  readonly tasksPerThread?: number;
  /** What `workerDataOf()` gives in the threads; structured clone. */
  readonly workerData?: unknown;
  /** A task that reports no record for this long has its thread ended; milliseconds. */
  readonly hangTimeoutMs: number;
  /** How long `onClose` of the threads may take, milliseconds; 5,000 by default. */
  readonly closeTimeoutMs?: number;
  readonly clock: Clock;
  readonly resourceLimits?: ResourceLimits;
  readonly onEvent?: (event: ThreadEvent) => void;
}

/** What happens to the threads of a pool. */
export type ThreadEvent =
  | { readonly type: "started"; readonly threadId: number }
  /** Died; `load`: without having begun a task. */
  | { readonly type: "ended"; readonly threadId: number; readonly kind: ThreadFaultKind | "load" }
  /** A thread called `parentPort.postMessage(message)`. */
  | { readonly type: "message"; readonly message: unknown };

/** What a {@link ThreadPool} does at this moment. */
export interface ThreadPoolStats {
  /** Living threads. */
  readonly threads: number;
  /** Tasks given to a thread. */
  readonly running: number;
  /** Tasks that wait for a thread. */
  readonly queued: number;
  /** Threads that died since the pool was made. */
  readonly deaths: number;
}

interface Job<Task, Result> {
  /** Position in the order of arrival. */
  readonly number: number;
  readonly task: Task;
  readonly outcome: PromiseWithResolvers<Result>;
}

interface Flight<Task, Result> {
  readonly job: Job<Task, Result>;
  readonly slot: RecorderHandle;
  /** The thread that ended while it ran this task. */
  death: RosterThread | null;
  /** Made no progress; its thread was ended for that. */
  hung: boolean;
}

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
  readonly #piscina: Piscina<ThreadRequest<Task>, ThreadReply<Result>>;
  readonly #roster: ThreadRoster;
  readonly #recorder: FlightRecorder;
  readonly #watchdog: Watchdog<Flight<Task, Result>>;
  readonly #queue: Job<Task, Result>[] = [];
  readonly #flights = new Set<Flight<Task, Result>>();
  readonly #drainWaiters: (() => void)[] = [];
  #jobs = 0;
  #deaths = 0;
  #loadFailures = 0;
  /** Why no task is accepted any more. */
  #refusal: MillraceError | undefined;
  #closing: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  /** Starts the threads; a module that cannot be loaded shows at {@link run}. */
  constructor(options: ThreadPoolOptions) {
    this.#options = options;
    this.#capacity = options.threads * (options.tasksPerThread ?? 1);
    this.#piscina = startPiscina<Task, Result>(options);
    this.#piscina.on("error", () => {}); // the roster hears of the same errors from the workers themselves
    this.#piscina.on("message", (message: unknown) => options.onEvent?.({ type: "message", message }));
    this.#piscina.on("workerCreate", () => this.#roster.update());
    this.#roster = new ThreadRoster(() => this.#piscina.threads, {
      started: ({ threadId }) => options.onEvent?.({ type: "started", threadId }),
      ended: (thread) => this.#onThreadEnded(thread),
    });
    this.#roster.update();
    this.#recorder = new FlightRecorder(this.#capacity);
    this.#watchdog = new Watchdog({
      clock: options.clock,
      timeoutMs: options.hangTimeoutMs,
      subjects: () => this.#flights,
      progressOf: ({ slot }) => progressOf(this.#recorder.read(slot)),
      onStalled: (flight) => this.#onStalled(flight),
    });
  }

  get stats(): ThreadPoolStats {
    return {
      threads: this.#roster.living.length,
      running: this.#flights.size,
      queued: this.#queue.length,
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
    const outcome = Promise.withResolvers<Result>();
    this.#queue.push({ number: this.#jobs++, task, outcome });
    this.#pump();
    return outcome.promise;
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
    if (!this.#stopping && this.#roster.living.some((thread) => thread.began)) await this.#sayFarewell();
    await this.#stop(this.#refusal);
  }

  #stop(reason: MillraceError): Promise<void> {
    this.#refusal = reason;
    this.#stopping ??= this.#endThreads();
    for (const job of this.#queue.splice(0)) job.outcome.reject(reason);
    return this.#stopping;
  }

  async #endThreads(): Promise<void> {
    this.#watchdog[Symbol.dispose]();
    await this.#piscina.destroy();
    await this.#roster.allEnded();
    await this.#drained();
  }

  async #drained(): Promise<void> {
    if (this.#flights.size > 0 || this.#queue.length > 0) {
      await new Promise<void>((resolve) => this.#drainWaiters.push(resolve));
    }
  }

  /** One message to each thread: all are idle, and piscina gives an idle thread's task to no other. */
  async #sayFarewell(): Promise<void> {
    const { clock, threads, closeTimeoutMs = DEFAULT_CLOSE_TIMEOUT_MS } = this.#options;
    const enough = new AbortController();
    const farewells = Array.from({ length: threads }, () => this.#piscina.run({ type: "farewell" }));
    const deadline = sleep(clock, closeTimeoutMs, enough.signal).catch(() => {});
    await Promise.race([Promise.allSettled(farewells), deadline]);
    enough.abort();
  }

  #pump(): void {
    while (this.#flights.size < this.#capacity) {
      const job = this.#queue.shift();
      if (job === undefined) break;
      void this.#fly(job);
    }
    if (this.#flights.size > 0) return;
    for (const resolve of this.#drainWaiters.splice(0)) resolve();
  }

  async #fly(job: Job<Task, Result>): Promise<void> {
    const flight: Flight<Task, Result> = { job, slot: this.#recorder.allocate(), death: null, hung: false };
    this.#flights.add(flight);
    this.#watchdog.watch();
    const settle = await this.#attempt(flight);
    this.#recorder.free(flight.slot);
    this.#flights.delete(flight);
    if (settle) settle();
    else this.#putBack(job);
    this.#pump();
  }

  /** Runs the task once; how to settle it, or null if it must be given to another thread. */
  async #attempt(flight: Flight<Task, Result>): Promise<(() => void) | null> {
    const { task, outcome } = flight.job;
    try {
      const running = this.#piscina.run({ type: "task", task, slot: flight.slot });
      this.#roster.update();
      const reply = await running;
      this.#loadFailures = 0;
      this.#noteBegan(flight);
      return reply.type === "done"
        ? () => outcome.resolve(reply.result)
        : () => outcome.reject(unpackError(reply.error));
    } catch (thrown) {
      const fault = await this.#faultOf(flight, thrown);
      return fault && (() => outcome.reject(fault));
    }
  }

  /** Waits until the thread of a failed flight has ended and says what went wrong; null if no thread had begun it. */
  async #faultOf(flight: Flight<Task, Result>, thrown: unknown): Promise<MillraceError | null> {
    const { threadId } = this.#recorder.read(flight.slot);
    if (threadId !== null) await this.#roster.ended(threadId);
    else if (this.#stopping) await this.#roster.allEnded();
    if (this.#stopping && this.#refusal) return this.#refusal;
    if (flight.death) return threadFault(this.#options.name, flight.death, this.#recordToBlame(flight, flight.death));
    return this.#isDeath(thrown) ? null : this.#notStarted(thrown);
  }

  #recordToBlame({ slot, hung }: Flight<Task, Result>, death: RosterThread): number | null {
    const { state, recordIndex } = this.#recorder.read(slot);
    return state === "ended" || (death.hung && !hung) ? null : recordIndex;
  }

  #isDeath(thrown: unknown): boolean {
    return (
      this.#roster.isLethal(thrown) || (thrown instanceof Error && thrown.message.startsWith("worker exited with code"))
    );
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
    const behind = this.#queue.findIndex((other) => other.number > job.number);
    this.#queue.splice(behind < 0 ? this.#queue.length : behind, 0, job);
  }

  #noteBegan({ slot }: Flight<Task, Result>): void {
    const { threadId } = this.#recorder.read(slot);
    const thread = threadId === null ? undefined : this.#roster.find(threadId);
    if (thread) thread.began = true;
  }

  #onThreadEnded(thread: RosterThread): void {
    for (const flight of this.#flights) {
      this.#noteBegan(flight);
      if (this.#recorder.read(flight.slot).threadId !== thread.threadId) continue;
      flight.death = thread;
      thread.began = true;
    }
    if (this.#stopping) return;
    this.#deaths++;
    this.#loadFailures = thread.began ? 0 : this.#loadFailures + 1;
    const kind = thread.began ? faultKindOf(thread) : "load";
    this.#options.onEvent?.({ type: "ended", threadId: thread.threadId, kind });
    const hopeless = this.#loadFailures >= MAX_LOAD_FAILURES && !this.#roster.living.some((other) => other.began);
    if (hopeless) void this.#stop(this.#unloadableError(thread));
    else this.#nudge();
  }

  /** Once a replacement has failed to load, piscina replaces nobody until it is given a task. */
  #nudge(): void {
    if (this.#piscina.queueSize === 0 || this.#piscina.threads.length >= this.#options.threads) return;
    this.#piscina.run({ type: "nudge" }).catch(() => {}); // whether it is ever answered does not matter
    this.#roster.update();
  }

  #onStalled(flight: Flight<Task, Result>): void {
    const { state, threadId } = this.#recorder.read(flight.slot);
    for (const other of this.#flights) this.#noteBegan(other);
    if (state === "waiting") {
      for (const thread of this.#roster.living) if (!thread.began) this.#end(thread);
      return;
    }
    const thread = threadId === null ? undefined : this.#roster.find(threadId);
    if (thread === undefined) return;
    flight.hung = true;
    this.#end(thread);
  }

  #end(thread: RosterThread): void {
    thread.hung = true;
    thread.terminate();
  }

  #closedError(what: string): MillraceError {
    return new MillraceError("CLOSED", `thread pool "${this.#options.name}" ${what}`);
  }

  #unloadableError(thread: RosterThread): MillraceError {
    const { name, filename, hangTimeoutMs } = this.#options;
    const why = thread.hung
      ? `it did not load within ${hangTimeoutMs} ms`
      : (thread.error?.message ?? `its thread exits with code ${thread.exitCode} while it loads`);
    return new MillraceError("SETUP_FAILED", `the threads of pool "${name}" cannot load ${filename.href}: ${why}`, {
      cause: thread.error ?? undefined,
    });
  }
}

/** A task that no thread has begun counts as standing still too: its threads may hang while they load. */
function progressOf({ state, counter }: FlightReading): number | null {
  if (state === "ended") return null;
  return state === "waiting" ? -1 : counter;
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
