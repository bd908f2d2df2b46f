/** The tasks that wait for a thread, in order of arrival. */

/** A task and the promise of its result. */
export interface Job<Task, Result> {
  /** Position in the order of arrival. */
  readonly number: number;
  readonly task: Task;
  readonly outcome: PromiseWithResolvers<Result>;
}

/** A queue to which a job may come back. */
export class JobQueue<Task, Result> {
  readonly #waiting: Job<Task, Result>[] = [];
  #arrived = 0;

  /** How many wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Puts a task at the end; what becomes of it settles the promise. */
  add(task: Task): Promise<Result> {
    const outcome = Promise.withResolvers<Result>();
    this.#waiting.push({ number: this.#arrived++, task, outcome });
    return outcome.promise;
  }

  /** Takes the job that arrived first. */
  next(): Job<Task, Result> | undefined {
    return this.#waiting.shift();
  }

  /** Puts a job that was taken back where it stood. */
  putBack(job: Job<Task, Result>): void {
    const behind = this.#waiting.findIndex((other) => other.number > job.number);
    this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, job);
  }

  /** Takes all and rejects them. */
  rejectAll(reason: Error): void {
    for (const job of this.#waiting.splice(0)) job.outcome.reject(reason);
  }
}
