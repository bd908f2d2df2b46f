/** Worker threads without threads: the real chunk runner, seeded delays, deaths by record and deaths by chance. */
import { isMillraceError, MillraceError } from "../../../src/core/errors.ts";
import type { Task, TaskReply, TaskRunner, TaskSpec } from "../../../src/core/task.ts";
import { formatByName } from "../../../src/formats/catalog.ts";
import { TaskThread } from "../../../src/task/task-thread.ts";
import { type Death, listenForDeath } from "./deaths.ts";
import type { Faults } from "./faults.ts";
import type { SimulatedProcess } from "./process.ts";

/** Chance deaths of one chunk; with more of them the run would rightly give up. */
const MAX_CHANCE_DEATHS = 2;
const HANG_MS = 30_000;

/** What {@link SimulatedThreads} needs. */
export interface ThreadsOptions {
  readonly process: SimulatedProcess;
  readonly faults: Faults;
  readonly threads: number;
  readonly spec: TaskSpec;
  /** Real waiting, for the import of a user's module, holds the clock. */
  readonly hold: <T>(work: Promise<T>) => Promise<T>;
}

/** A pool of simulated threads. */
export class SimulatedThreads implements TaskRunner {
  readonly #options: ThreadsOptions;
  readonly #thread: Promise<TaskThread>;
  readonly #queue: (() => void)[] = [];
  readonly #chanceDeaths = new Map<string, number>();
  readonly #ended = Promise.withResolvers<never>();
  #free: number;
  #destroyed = false;

  constructor(options: ThreadsOptions) {
    this.#options = options;
    this.#free = options.threads;
    const { clock } = options.process.scheduler;
    const tools = { format: formatByName, busyClock: () => 0, clock, turn: async () => {} };
    this.#thread = options.hold(TaskThread.create(options.spec, tools));
    this.#ended.promise.catch(() => {});
  }

  async run(task: Task): Promise<TaskReply> {
    if (this.#destroyed) throw closed();
    return await Promise.race([this.#inThread(task), this.#ended.promise]);
  }

  async close(): Promise<void> {
    await (await this.#thread).close();
    await this.destroy();
  }

  async destroy(): Promise<void> {
    this.#destroyed = true;
    this.#ended.reject(closed());
    await this.#options.process.step("threads: destroy");
  }

  async #inThread(task: Task): Promise<TaskReply> {
    await this.#enter();
    try {
      return await this.#work(task);
    } finally {
      this.#leave();
    }
  }

  async #work(task: Task): Promise<TaskReply> {
    const { process } = this.#options;
    const { scheduler } = process;
    const thread = await this.#thread;
    const name = `thread: ${task.split} from ${task.from}`;
    const early = scheduler.chance(0.5);
    if (!early) await process.step(name);
    if (this.#destroyed) throw closed();
    const reply = this.#maybeDie(task, await runUntilDeath(thread, task));
    if (isMillraceError(reply) && reply.details["kind"] === "hang") {
      await scheduler.step(`${name}: hangs`, HANG_MS);
    }
    if (early) await process.step(name);
    if (isMillraceError(reply)) throw reply;
    return reply;
  }

  /** A death by chance names a record or none; at most a few times a chunk, and never the one that is run alone. */
  #maybeDie(task: Task, reply: TaskReply | MillraceError): TaskReply | MillraceError {
    const { process, faults } = this.#options;
    const chunk = `${task.split} ${task.from}`;
    const deaths = this.#chanceDeaths.get(chunk) ?? 0;
    if (!faults.threadDies() || task.only !== null || deaths === MAX_CHANCE_DEATHS) return reply;
    this.#chanceDeaths.set(chunk, deaths + 1);
    const named = process.scheduler.chance(0.5) && (isMillraceError(reply) || reply.records > 0);
    return death("crash", named ? 0 : null);
  }

  async #enter(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
  }

  #leave(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}

/** Runs the task; a record whose transform announced a death is the last one that it works on. */
async function runUntilDeath(thread: TaskThread, task: Task): Promise<TaskReply | MillraceError> {
  const died = Promise.withResolvers<MillraceError>();
  let last: number | null = null;
  let fatal: MillraceError | undefined;
  const die = (kind: Death): void => {
    fatal ??= death(kind, last);
    died.resolve(fatal);
  };
  const workOn = (record: number | null): void => {
    if (fatal !== undefined) throw fatal;
    last = record;
    listenForDeath(die);
  };
  const reply = thread.run(task, { at: workOn, beat: () => workOn(null) });
  reply.catch(() => {});
  return await Promise.race([died.promise, reply.catch((thrown: unknown) => fatal ?? Promise.reject(thrown))]);
}

function death(kind: Death, recordIndex: number | null): MillraceError {
  return new MillraceError("THREAD_FAILED", `simulated: a thread ended (${kind})`, { details: { kind, recordIndex } });
}

function closed(): MillraceError {
  return new MillraceError("CLOSED", "simulated: the threads were ended");
}
