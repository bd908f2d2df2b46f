/** Whole runs in memory: texts in, a scripted table out, the threads' code in this thread, time that a test moves. */
import type { JobConfig } from "../../src/config/job-shape.ts";
import { defineJob } from "../../src/config/define-job.ts";
import { MillraceError } from "../../src/core/errors.ts";
import type { RunEvent } from "../../src/core/ports/observer.ts";
import type { RejectStore } from "../../src/core/ports/reject-store.ts";
import type { BoundSource } from "../../src/core/ports/source.ts";
import type { StateStore } from "../../src/core/ports/state-store.ts";
import { seededRandom } from "../../src/core/random.ts";
import type { RunSummary } from "../../src/core/summary.ts";
import type { TaskRunner, TaskSpec } from "../../src/core/task.ts";
import { formatByName } from "../../src/formats/catalog.ts";
import { SummaryRecorder } from "../../src/observability/summary-recorder.ts";
import { describe } from "../../src/pipeline/describe.ts";
import type { BoundPlan } from "../../src/pipeline/resolve.ts";
import { runBound } from "../../src/pipeline/run-bound.ts";
import type { StartWish } from "../../src/pipeline/run-identity.ts";
import { BufferPool } from "../../src/runtime/buffer-pool.ts";
import { MemoryBudget } from "../../src/runtime/memory-budget.ts";
import { openMemoryStore } from "../../src/state/memory.ts";
import { TaskThread } from "../../src/task/task-thread.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import type { MemorySource } from "./memory-source.ts";
import type { ScriptedTable } from "./scripted-sink.ts";

/** One start of a run. */
export interface MemoryRunOptions {
  readonly job?: Partial<JobConfig>;
  readonly wish?: Partial<StartWish>;
  readonly rejects?: RejectStore;
  readonly graceful?: AbortSignal;
  readonly kill?: AbortSignal;
  readonly slot?: string;
  /** Of a live source: the id of this start. */
  readonly own?: string;
}

const figures = { peakRssBytes: 1, gc: { count: 0, totalMs: 0, maxMs: 0 }, eventLoopP99Ms: 0 };

/** A world that outlives its runs: state, time, memory and a table. */
export class MemoryWorld<Source extends BoundSource = MemorySource> {
  readonly clock = new FakeClock(Date.UTC(2026, 0, 2));
  readonly state: StateStore;
  readonly buffers = new BufferPool({ maxIdleBytes: 1024 * 1024 });
  readonly budget = new MemoryBudget({ limitBytes: 64 * 1024 * 1024 });
  readonly random = seededRandom(1);
  readonly table: ScriptedTable;
  /** Further sinks, by their names. */
  readonly others = new Map<string, ScriptedTable>();
  source: Source;
  /** All that was told, of all runs. */
  readonly events: RunEvent[] = [];
  /** Awaited before each task; throws what the task is to fail with. */
  beforeTask: (task: number) => Promise<void> = async () => {};
  /** Thread pools that were started and not destroyed. */
  pools = 0;
  #tasks = 0;
  /** A transform is read from a real disk, while time stands still. */
  #loading: Promise<unknown> = Promise.resolve();

  constructor(source: Source, table: ScriptedTable, state: StateStore = openMemoryStore()) {
    this.source = source;
    this.table = table;
    this.state = state;
  }

  /** Starts a run; resolves to its summary. */
  start({ job = {}, wish = {}, rejects, graceful, kill, slot, own }: MemoryRunOptions = {}): Promise<RunSummary> {
    const never = new AbortController().signal;
    const config: JobConfig = {
      name: "orders",
      source: { type: "file", path: "orders.csv" },
      sink: { type: "file", path: "orders.jsonl" },
      retry: { for: "10s", initialDelay: "1s", jitter: "none" },
      ...job,
    };
    const bound: BoundPlan = {
      plan: describe(defineJob(config, { baseDir: "/jobs" })),
      source: this.source,
      sinks: new Map([["sink", this.table], ...this.others]),
      openRejects: async () => rejects ?? null,
      [Symbol.asyncDispose]: async () => {},
    };
    const recorder = new SummaryRecorder();
    return runBound({
      bound,
      identity: {
        job: "orders",
        slot: slot ?? null,
        params: {},
        ...(own !== undefined && { own, scope: "" as const }),
      },
      wish: { restart: false, keepWritten: false, resume: null, acceptRejects: false, trigger: "manual", ...wish },
      world: { ...this.#parts(), threads: 2 },
      stops: { graceful: graceful ?? kill ?? never, kill: kill ?? never, confirm: async () => {} },
      recorder,
      observers: [recorder.observe, (event) => void this.events.push(event)],
      figures: () => figures,
    });
  }

  /** Runs to the end, however much time that takes. */
  async run(options: MemoryRunOptions = {}): Promise<RunSummary> {
    return this.finish(this.start(options));
  }

  /** Moves time on until a run has ended. */
  async finish(running: Promise<RunSummary>): Promise<RunSummary> {
    let settled = false;
    const summary = running.finally(() => {
      settled = true;
    });
    summary.catch(() => {});
    for (let steps = 0; !settled; steps++) {
      if (steps > 10_000) throw new MillraceError("INVARIANT", "the run does not end");
      await this.#loading;
      await this.clock.advance(50);
    }
    return summary;
  }

  /** The events of one kind, of all runs. */
  told<K extends RunEvent["kind"]>(kind: K): Extract<RunEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<RunEvent, { kind: K }> => event.kind === kind);
  }

  #parts() {
    const { clock, state, buffers, budget, random } = this;
    return { clock, state, buffers, budget, random, startThreads: (spec: TaskSpec) => this.#startThreads(spec) };
  }

  #startThreads(spec: TaskSpec): TaskRunner {
    this.pools++;
    let destroyed = false;
    const end = (): void => {
      if (!destroyed) this.pools--;
      destroyed = true;
    };
    const thread = TaskThread.create(spec, { format: formatByName, busyClock: () => 0, clock: this.clock });
    this.#loading = thread.catch(() => {});
    return {
      run: async (task) => {
        await this.beforeTask(++this.#tasks);
        if (destroyed) throw new MillraceError("CLOSED", "the threads were ended");
        return (await thread).run(task, { at: () => {}, beat: () => {} });
      },
      close: async () => end(),
      destroy: async () => end(),
    };
  }
}
