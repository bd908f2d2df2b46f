/** A runtime for tests of what stands over one: three jobs, some runs and rejects, and a record of what it was asked for. */
import { EventEmitter, on } from "node:events";
import { Gauge, Registry } from "prom-client";
import { defineJob } from "../../../../src/config/define-job.ts";
import type { Job } from "../../../../src/config/job.ts";
import { MillraceError } from "../../../../src/core/errors.ts";
import type { RuntimeEvent } from "../../../../src/core/ports/runtime-events.ts";
import type { RunRow, StateStore } from "../../../../src/core/ports/state-store.ts";
import type { Reject } from "../../../../src/core/reject.ts";
import type { JobStatus, RunObject, Runtime, RunsWish, TriggeredRun } from "../../../../src/daemon/runtime-api.ts";
import { openMemoryStore } from "../../../../src/state/memory.ts";
import { FakeClock } from "../../../../src/testing/fake-clock.ts";

const START = Date.UTC(2026, 10, 22, 2);

export class FakeRuntime implements Runtime {
  readonly clock = new FakeClock(START);
  readonly registry = new Registry();
  readonly state: StateStore = openMemoryStore();
  readonly url = null;
  /** What was asked of it, in words. */
  readonly asked: string[] = [];
  ready = true;
  /** Thrown by whatever is asked for next. */
  fault: Error | null = null;
  /** How many listen to its events. */
  get listeners(): number {
    return this.#events.listenerCount("event");
  }
  readonly #events = new EventEmitter();
  readonly #jobs = new Map(["invoices", "orders", "users"].map((name) => [name, jobOf(name)]));
  #runs: RunObject[] = [];

  constructor() {
    new Gauge({ name: "millrace_run_in_progress", help: "Runs under way.", registers: [this.registry] }).set(1);
  }

  /** A run that is kept, newer than those before. */
  async addRun(id: string, change: Partial<RunRow> = {}): Promise<void> {
    const row: RunRow = { ...rowOf(id), ...change };
    await this.state.createRun(row);
    const { job, state, slot, trigger, startedAt, endedAt } = row;
    this.#runs = [
      { job, run: id, state, read: 3, written: 2, rejected: 1, slot, trigger, startedAt, endedAt },
      ...this.#runs,
    ];
  }

  async addRejects(run: string, count: number, raw = "2,anna,1"): Promise<void> {
    await this.state.addRejects(Array.from({ length: count }, (_, index) => rejectOf(run, index, raw)));
  }

  emit(event: RuntimeEvent): void {
    this.#events.emit("event", event);
  }

  async start(): Promise<void> {}
  async reload(): Promise<void> {}
  async drain(): Promise<boolean> {
    return true;
  }
  async [Symbol.asyncDispose](): Promise<void> {}

  refuseReload(): void {}

  async isReady(): Promise<boolean> {
    this.#mayFail();
    return this.ready;
  }

  jobNamed(name: string): Job | undefined {
    return this.#jobs.get(name);
  }

  async jobs(): Promise<readonly JobStatus[]> {
    this.#mayFail();
    return Promise.all([...this.#jobs.keys()].toReversed().map(async (name) => (await this.status(name)) as JobStatus));
  }

  async status(job: string): Promise<JobStatus | undefined> {
    this.#mayFail();
    if (!this.#jobs.has(job)) return undefined;
    return {
      job,
      state: "idle",
      paused: null,
      trigger: { type: "cron", schedule: "0 2 * * *", timezone: "UTC" },
      next: "2026-11-23T02:00:00Z",
      running: [],
      last: this.#runs.find((run) => run.job === job) ?? null,
      source: `file data/${job}.csv`,
      sinks: { sink: `postgres://etl:hunter2@db/${job}` },
    };
  }

  async runs({ job, limit, before }: RunsWish): Promise<readonly RunObject[]> {
    this.#mayFail();
    const begin = before === undefined ? 0 : this.#runs.findIndex(({ run }) => run === before) + 1;
    const older = this.#runs.slice(begin);
    return (job === undefined ? older : older.filter((run) => run.job === job)).slice(0, limit);
  }

  async run(id: string): Promise<RunObject | undefined> {
    this.#mayFail();
    return this.#runs.find(({ run }) => run === id);
  }

  async trigger(job: string, options?: object): Promise<TriggeredRun> {
    this.#note("trigger", job, options);
    return { id: "01KAMR5K00QJ4T8N3W6Y2Z9XBD", ended: new Promise(() => {}) };
  }

  async replay(job: string, wish: { readonly run?: string }): Promise<TriggeredRun | null> {
    this.#note("replay", job, wish);
    return wish.run === "01NONE" ? null : { id: "01KAMR7C00D2M5P9RS1V4W8XGH", ended: new Promise(() => {}) };
  }

  async pause(job: string, reason?: string): Promise<void> {
    this.#note("pause", job, { reason });
  }

  async resume(job: string): Promise<void> {
    this.#note("resume", job, {});
  }

  cancel(run: string): boolean {
    this.#note("cancel", run, {});
    return this.#runs.some((kept) => kept.run === run && kept.state === "running");
  }

  async *events(signal?: AbortSignal): AsyncGenerator<RuntimeEvent, void, undefined> {
    try {
      const heard = on(this.#events, "event", signal === undefined ? {} : { signal });
      for await (const [event] of heard) yield event as RuntimeEvent;
    } catch (thrown) {
      if (signal?.aborted !== true) throw thrown;
    }
  }

  #note(what: string, on: string, options: object | undefined): void {
    this.#mayFail();
    this.asked.push(`${what} ${on} ${JSON.stringify(options)}`);
  }

  #mayFail(): void {
    if (this.fault !== null) throw this.fault;
  }
}

/** A fault with secrets all over it, as a careless driver might throw it. */
export function secretFault(code: "STATE_UNAVAILABLE" | "SINK_FAILED"): MillraceError {
  return new MillraceError(code, "postgres://etl:hunter2@db/orders went away (password=hunter2)");
}

/** An event of a run that holds as many bytes. */
export function eventOf(job: string, bytes = 0): RuntimeEvent {
  return { kind: "draining", job, run: "01A", at: START, reason: `why${"y".repeat(bytes)}` };
}

function jobOf(name: string): Job {
  return defineJob({
    name,
    source: { type: "file", path: `${name}.csv` },
    sink: { type: "file", path: `${name}.jsonl` },
  });
}

function rowOf(id: string): RunRow {
  return {
    id,
    job: "orders",
    scope: id,
    slot: null,
    params: "[]",
    trigger: "manual",
    state: "succeeded",
    startedAt: "2026-11-22T02:00:00.000Z",
    endedAt: "2026-11-22T02:00:08.100Z",
    columns: null,
    fingerprint: null,
    summary: null,
  };
}

function rejectOf(run: string, index: number, raw: string): Reject {
  return {
    job: "orders",
    run,
    scope: run,
    split: "orders.csv",
    position: { ordinal: BigInt(index + 1), token: String(29 + index) },
    line: 3 + index,
    stage: "transform",
    code: "TRANSFORM_REJECTED",
    message: "bad e-mail",
    raw,
    rawEncoding: "utf8",
    attempts: 1,
    at: "2026-11-22T02:00:01.000Z",
  };
}
