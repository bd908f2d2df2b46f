/** What the runs of one process share: memory for chunks, turns on the cores, and pools of connections. */
import { availableParallelism } from "node:os";
import type { Task, TaskReply, TaskRunner, TaskSpec } from "../core/task.ts";
import { defaultBudgetBytes, MemoryBudget } from "../runtime/memory-budget.ts";
import { ObjectsInCommon } from "../runtime/shared-objects.ts";
import { ThreadTicket } from "../runtime/threads/index.ts";
import type { ThreadOptions } from "./threads.ts";

/** Shared fairly: every run has one chunk whatever the others hold, and the turns go round. Dispose it when all have ended. */
export interface SharedWorld extends AsyncDisposable {
  readonly budget: MemoryBudget;
  readonly ticket: ThreadTicket;
  /** What connectors keep for each other. */
  readonly objects: ObjectsInCommon;
  /** Tasks that may run at once; a run that may have as many threads as it likes gets so many. */
  readonly threads: number;
  /** Starts what takes the place of real threads, in a simulation. */
  readonly startThreads?: (spec: TaskSpec, options: ThreadOptions) => TaskRunner;
}

/** How a {@link SharedWorld} is made. */
export interface SharedWorldOptions {
  /** Bytes that chunks may occupy; a quarter of the machine's memory by default. */
  readonly memoryBytes?: number;
  /** Tasks that may run at once; one fewer than there are cores by default, at least one. */
  readonly threads?: number;
}

/** @throws MillraceError INVARIANT for figures that are none */
export function openSharedWorld({ memoryBytes, threads = defaultThreads() }: SharedWorldOptions = {}): SharedWorld {
  const objects = new ObjectsInCommon();
  return {
    budget: new MemoryBudget({ limitBytes: memoryBytes ?? defaultBudgetBytes() }),
    ticket: new ThreadTicket(threads),
    objects,
    threads,
    [Symbol.asyncDispose]: () => objects[Symbol.asyncDispose](),
  };
}

/** The threads of a run that asks for no certain number. */
export function defaultThreads(): number {
  return Math.max(1, availableParallelism() - 1);
}

/** Threads of one run that work when it is the run's turn. */
export class TicketedRunner implements TaskRunner {
  readonly #runner: TaskRunner;
  readonly #ticket: ThreadTicket;
  readonly #owner: string;
  readonly #ended = new AbortController();

  /** @param owner the run: turns go round between owners */
  constructor(runner: TaskRunner, ticket: ThreadTicket, owner: string) {
    this.#runner = runner;
    this.#ticket = ticket;
    this.#owner = owner;
  }

  async run(task: Task): Promise<TaskReply> {
    using _turn = await this.#ticket.acquire(this.#owner, this.#ended.signal);
    return await this.#runner.run(task);
  }

  close(): Promise<void> {
    return this.#runner.close();
  }

  destroy(): Promise<void> {
    this.#ended.abort();
    return this.#runner.destroy();
  }
}
