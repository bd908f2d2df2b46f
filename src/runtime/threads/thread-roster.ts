/**
 * Which threads a pool has, and how each of them ended. Piscina makes and replaces the threads; this follows them, for a
 * task may not be told of its thread's death before that thread has truly ended and can touch its buffers no more.
 */
import type { Worker } from "node:worker_threads";

/** One thread of the pool. */
export interface RosterThread {
  readonly threadId: number;
  /** Whether it ever began a task; one that did not may have failed to load. */
  began: boolean;
  /** Whether it was ended because it made no progress. */
  hung: boolean;
  /** The uncaught error that it died of. */
  readonly error: Error | null;
  readonly exitCode: number | null;
  /** Ends this thread alone. */
  terminate(): void;
}

/** What a {@link ThreadRoster} tells; `ended` in the same turn of the event loop in which piscina learns of it. */
export interface RosterListener {
  readonly started: (thread: RosterThread) => void;
  readonly ended: (thread: RosterThread) => void;
}

class FollowedThread implements RosterThread {
  readonly #worker: Worker;
  readonly threadId: number;
  readonly exited = Promise.withResolvers<void>();
  #terminated = false;
  began = false;
  hung = false;
  error: Error | null = null;
  exitCode: number | null = null;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.threadId = worker.threadId;
  }

  terminate(): void {
    if (this.#terminated) return;
    this.#terminated = true;
    void this.#worker.terminate();
  }
}

/** Follows the workers of one piscina. */
export class ThreadRoster {
  readonly #workers: () => readonly Worker[];
  readonly #listener: RosterListener;
  readonly #known = new WeakSet<Worker>();
  readonly #living = new Map<number, FollowedThread>();
  readonly #lethal = new WeakSet<Error>();

  /** @param workers the workers that piscina has now */
  constructor(workers: () => readonly Worker[], listener: RosterListener) {
    this.#workers = workers;
    this.#listener = listener;
  }

  /** The threads that have not ended. */
  get living(): readonly RosterThread[] {
    return [...this.#living.values()];
  }

  /** The thread of that id, unless it has ended. */
  find(threadId: number): RosterThread | undefined {
    return this.#living.get(threadId);
  }

  /** Whether a thread died of this very error. */
  isLethal(error: unknown): boolean {
    return error instanceof Error && this.#lethal.has(error);
  }

  /** Takes in the workers that piscina made since the last call; to be called in the turn that made them. */
  update(): void {
    for (const worker of this.#workers()) {
      if (this.#known.has(worker)) continue;
      this.#known.add(worker);
      this.#follow(worker);
    }
  }

  /** Waits until that thread has ended. */
  async ended(threadId: number): Promise<void> {
    await this.#living.get(threadId)?.exited.promise;
  }

  /** Waits until every thread of now has ended. */
  async allEnded(): Promise<void> {
    await Promise.all([...this.#living.values()].map((thread) => thread.exited.promise));
  }

  #follow(worker: Worker): void {
    const thread = new FollowedThread(worker);
    this.#living.set(thread.threadId, thread);
    worker.once("error", (error: Error) => {
      thread.error = error;
      this.#lethal.add(error);
      this.update();
    });
    worker.once("exit", (code) => {
      thread.exitCode = code;
      this.#living.delete(thread.threadId);
      this.update();
      this.#listener.ended(thread);
      thread.exited.resolve();
    });
    this.#listener.started(thread);
  }
}
