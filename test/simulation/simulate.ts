/** One seed: a world, a job, disasters, and the invariants held against all that happens. */
import { fileURLToPath } from "node:url";
import { defineJob } from "../../src/config/define-job.ts";
import type { Job } from "../../src/config/job.ts";
import type { EncodeSpec } from "../../src/core/ports/format.ts";
import type { BoundSink, Progress } from "../../src/core/ports/sink.ts";
import type { RunState, StateStore } from "../../src/core/ports/state-store.ts";
import type { Reject } from "../../src/core/reject.ts";
import type { BoundPlan } from "../../src/pipeline/resolve.ts";
import { openMemoryStore } from "../../src/state/memory.ts";
import { expectedRecords } from "./expected.ts";
import { Invariants } from "./invariants.ts";
import { Operator } from "./operator.ts";
import { planOf, type SimulationPlan } from "./plan.ts";
import { Database } from "./world/database.ts";
import { DatabaseSink } from "./world/database-sink.ts";
import { Faults } from "./world/faults.ts";
import { PartFolder, PartSink } from "./world/part-sink.ts";
import type { SimulatedProcess } from "./world/process.ts";
import { openRejectFolder, RejectFolder } from "./world/reject-file.ts";
import { Scheduler, type Trace } from "./world/scheduler.ts";
import { SimulatedSource } from "./world/source.ts";
import { simulatedState } from "./world/state.ts";

/** What came of a seed. */
export interface SimulationResult {
  readonly seed: number;
  /** Empty when all was well. */
  readonly violations: readonly string[];
  readonly steps: number;
  readonly processes: number;
  /** The time it took on the fake clock, milliseconds. */
  readonly simulatedMs: number;
}

/** More steps than any seed needs: somebody tries for ever. */
const MAX_STEPS = 60_000;
/** So long nothing but housekeeping: everybody waits for somebody. */
const SILENCE_MS = 300_000;
const HOUSEKEEPING = /acquireLease|mirror/;
const TRANSFORM = fileURLToPath(new URL("fixtures/mixed.ts", import.meta.url));

/** Runs a seed; the same seed does the same, step by step. */
export async function simulate(seed: number, trace?: Trace): Promise<SimulationResult> {
  return await new Simulation(seed, planOf(seed), trace).run();
}

class Simulation {
  readonly #seed: number;
  readonly #plan: SimulationPlan;
  readonly #scheduler: Scheduler;
  readonly #faults: Faults;
  readonly #invariants: Invariants;
  readonly #operator: Operator;
  readonly #job: Job;
  readonly #store: StateStore = openMemoryStore();
  readonly #database: Database;
  readonly #parts = new PartFolder();
  readonly #rejects = new RejectFolder();
  /** Real work that simulated time waits for. */
  #held = 0;
  #succeeded = false;
  /** Processes that wrote down how their run ended. */
  readonly #ends = new Set<SimulatedProcess>();
  #silentSince = 0;

  constructor(seed: number, plan: SimulationPlan, trace?: Trace) {
    this.#seed = seed;
    this.#plan = plan;
    this.#scheduler = new Scheduler(seed, trace);
    this.#faults = new Faults(this.#scheduler, plan.faults);
    this.#invariants = new Invariants(new Map(plan.splits.map((split) => [split.id, expectedRecords(split, plan)])));
    this.#database = new Database(plan, (commit) => this.#onCommit(commit));
    this.#job = jobOf(plan);
    this.#operator = new Operator({
      job: this.#job,
      scheduler: this.#scheduler,
      faults: this.#faults,
      budgetBytes: plan.budgetBytes,
      threads: plan.threads,
      disasters: plan.disasters,
      partsOf: (process) => this.#partsOf(process),
      hold: (work) => this.#hold(work),
      succeeded: () => this.#succeeded,
      wroteEnd: (process) => this.#ends.has(process),
      violate: (message) => this.#invariants.violate(message),
    });
  }

  async run(): Promise<SimulationResult> {
    const { violations } = this.#invariants;
    while (violations.length === 0 && !this.#operator.done) await this.#next();
    // What is still under way in the network must do no harm.
    while (violations.length === 0 && this.#scheduler.underWay.length > 0) await this.#next();
    if (violations.length === 0) await this.#checkEnd();
    if (violations.length > 0) violations.push(this.#operator.report());
    this.#operator.bury();
    await new Promise((resolve) => setImmediate(resolve));
    return {
      seed: this.#seed,
      violations,
      steps: this.#scheduler.steps,
      processes: this.#operator.processes,
      simulatedMs: this.#scheduler.clock.monotonic(),
    };
  }

  async #next(): Promise<void> {
    this.#operator.tick();
    const { clock, steps, underWay } = this.#scheduler;
    if (!(await clock.runNext())) this.#invariants.violate("deadlock: no timer is set");
    while (this.#held > 0) await new Promise((resolve) => setImmediate(resolve));
    if (underWay.some((name) => !HOUSEKEEPING.test(name))) this.#silentSince = clock.monotonic();
    if (clock.monotonic() - this.#silentSince > SILENCE_MS)
      this.#invariants.violate(`deadlock: nothing happens; under way: ${underWay.join(", ")}`);
    if (steps > MAX_STEPS) this.#invariants.violate(`livelock: ${steps} steps; under way: ${underWay.join(", ")}`);
  }

  async #hold<T>(work: Promise<T>): Promise<T> {
    this.#held++;
    try {
      return await work;
    } finally {
      this.#held--;
    }
  }

  #partsOf(process: SimulatedProcess): { bound: BoundPlan; state: StateStore } {
    const faults = this.#faults;
    const store = this.#store;
    const { decode, transform, splits, rejects } = this.#plan;
    const onCommit = (advanced: readonly Progress[]): Promise<void> => this.#onStateCommit(advanced);
    const onEnd = (state: RunState): void => {
      this.#ends.add(process);
      this.#succeeded ||= state === "succeeded";
    };
    return {
      state: simulatedState({ store, process, faults, onCommit, onEnd }),
      bound: {
        plan: {
          job: this.#job,
          decode,
          transform: transform ? { module: TRANSFORM, export: "default" } : null,
          sinks: [],
          rejects: null,
        },
        source: new SimulatedSource(splits, process, faults),
        sinks: new Map([["sink", this.#sinkOf(process)]]),
        openRejects: async () => (rejects === "file" ? openRejectFolder(this.#rejects, process, faults) : null),
        async [Symbol.asyncDispose]() {},
      },
    };
  }

  #sinkOf(process: SimulatedProcess): BoundSink {
    const shared = {
      process,
      faults: this.#faults,
      encode: encodeOf(this.#plan),
      misuse: (message: string) => this.#invariants.violate(`the sink was used wrongly: ${message}`),
    };
    if (this.#plan.sink === "parts") return new PartSink({ ...shared, folder: this.#parts });
    return new DatabaseSink({ ...shared, database: this.#database, lanes: this.#plan.lanes });
  }

  #onCommit(commit: Parameters<ConstructorParameters<typeof Database>[1]>[0]): void {
    const elsewhere = this.#plan.rejects === "file";
    this.#invariants.durable({ ...commit, rejects: elsewhere ? null : commit.rejects });
    if (elsewhere) this.#invariants.kept(commit.advances, this.#rejects.current);
  }

  async #onStateCommit(advanced: readonly Progress[]): Promise<void> {
    const [run] = await this.#store.listRuns({ job: this.#job.name, limit: 1 });
    const all = await this.#store.progress({ job: this.#job.name, scope: run?.scope ?? "", sink: "sink" });
    this.#invariants.part(this.#parts.current, all);
    this.#invariants.counted(advanced);
    const rejects = this.#plan.rejects === "file" ? this.#rejects.current : await this.#stateRejects();
    this.#invariants.kept(
      all.map(({ split, position }) => ({ split, to: position })),
      rejects,
    );
  }

  async #checkEnd(): Promise<void> {
    const { sink, rejects } = this.#plan;
    const runs = await this.#store.listRuns({ job: this.#job.name, limit: 100 });
    if (runs.length !== 1) this.#invariants.violate(`there are ${runs.length} runs`);
    const [run] = runs;
    if (run?.state !== "succeeded") this.#invariants.violate(`the run is ${run?.state}, but it had succeeded`);
    const inState = await this.#store.progress({ job: this.#job.name, scope: run?.scope ?? "", sink: "sink" });
    const progress = sink === "parts" ? inState : this.#database.progress;
    const kept = sink === "parts" ? await this.#stateRejects() : this.#database.rejects;
    if (!this.#endIsUnfenced) this.#invariants.complete(progress, rejects === "file" ? this.#rejects.current : kept);
    if (sink === "parts") this.#invariants.published(this.#parts.published ?? []);
    if (rejects === "file" && !this.#rejects.published) this.#invariants.violate("the rejects were not published");
    this.#operator.checkLeaks();
  }

  /**
   * Where positions live in the state store nothing fences a run's end: a zombie that had only its success left to write
   * down does so although a successor has begun anew, whose death then leaves half its positions and rejects behind. What
   * was published is whole all the same.
   */
  get #endIsUnfenced(): boolean {
    return this.#plan.sink === "parts" && this.#plan.disasters.includes("pause");
  }

  #stateRejects(): Promise<readonly Reject[]> {
    return this.#store.listRejects({ job: this.#job.name, limit: 1_000_000 });
  }
}

function encodeOf({ findColumns }: SimulationPlan): EncodeSpec {
  return {
    sink: "sink",
    format: "jsonl",
    options: {},
    columns: null,
    needsColumns: findColumns,
    onUnknownField: "error",
  };
}

function jobOf(plan: SimulationPlan): Job {
  const { order, chunk, commit, maxRejects } = plan;
  const job = defineJob({
    name: "simulated",
    source: { type: "file", path: "simulated.csv" },
    sink: { type: "file", path: "simulated.jsonl" },
    order,
    retry: { for: "5m", initialDelay: "100ms", maxDelay: "5s" },
  });
  return {
    ...job,
    chunk,
    commit,
    errors: { ...job.errors, maxRejects, maxRejectRate: 1, minRecords: Number.POSITIVE_INFINITY },
  };
}
