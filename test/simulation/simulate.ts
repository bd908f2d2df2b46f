/** One seed: a world, a job, disasters, and the invariants held against all that happens. */
import { fileURLToPath } from "node:url";
import { defineJob } from "../../src/config/define-job.ts";
import type { Job } from "../../src/config/job.ts";
import type { Progress } from "../../src/core/ports/sink.ts";
import type { RunState, StateStore } from "../../src/core/ports/state-store.ts";
import type { Reject } from "../../src/core/reject.ts";
import type { TransformSpec } from "../../src/core/task.ts";
import type { BoundPlan } from "../../src/pipeline/resolve.ts";
import { openMemoryStore } from "../../src/state/memory.ts";
import { Operator } from "./operator.ts";
import { planOf, type SimulationPlan, type SinkPlan } from "./plan.ts";
import { SinkUnderTest } from "./sink-under-test.ts";
import { Faults } from "./world/faults.ts";
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
const MANY = fileURLToPath(new URL("fixtures/many.ts", import.meta.url));
const ROUTED = fileURLToPath(new URL("fixtures/routed.ts", import.meta.url));

/** Runs a seed; the same seed does the same, step by step. */
export async function simulate(seed: number, trace?: Trace): Promise<SimulationResult> {
  return await new Simulation(seed, planOf(seed), trace).run();
}

class Simulation {
  readonly #seed: number;
  readonly #plan: SimulationPlan;
  readonly #scheduler: Scheduler;
  readonly #faults: Faults;
  readonly #violations: string[] = [];
  readonly #sinks: ReadonlyMap<string, SinkUnderTest>;
  readonly #operator: Operator;
  readonly #job: Job;
  readonly #store: StateStore = openMemoryStore();
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
    this.#sinks = new Map(plan.sinks.map((sink) => [sink.name, this.#underTest(sink)]));
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
      violate: (message) => this.#violate(message),
    });
  }

  async run(): Promise<SimulationResult> {
    const violations = this.#violations;
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
    for (const sink of this.#sinks.values()) sink.tick();
    const { clock, steps, underWay } = this.#scheduler;
    if (!(await clock.runNext())) this.#violate("deadlock: no timer is set");
    while (this.#held > 0) await new Promise((resolve) => setImmediate(resolve));
    if (underWay.some((name) => !HOUSEKEEPING.test(name))) this.#silentSince = clock.monotonic();
    if (clock.monotonic() - this.#silentSince > SILENCE_MS)
      this.#violate(`deadlock: nothing happens; under way: ${underWay.join(", ")}`);
    if (steps > MAX_STEPS) this.#violate(`livelock: ${steps} steps; under way: ${underWay.join(", ")}`);
  }

  #violate(message: string): void {
    this.#violations.push(message);
  }

  async #hold<T>(work: Promise<T>): Promise<T> {
    this.#held++;
    try {
      return await work;
    } finally {
      this.#held--;
    }
  }

  #underTest(sink: SinkPlan): SinkUnderTest {
    const inFile = this.#plan.rejects === "file";
    return new SinkUnderTest({
      plan: this.#plan,
      sink,
      scheduler: this.#scheduler,
      faults: this.#faults,
      rejects: { file: () => (inFile ? this.#rejects.current : null), inState: () => this.#stateRejects() },
      violate: (message) => this.#violate(message),
    });
  }

  #partsOf(process: SimulatedProcess): { bound: BoundPlan; state: StateStore } {
    const faults = this.#faults;
    const store = this.#store;
    const { decode, splits, rejects, chunks } = this.#plan;
    const chunk = chunks[this.#operator.processes % chunks.length] ?? this.#job.chunk;
    const onCommit = (sink: string, advanced: readonly Progress[]): Promise<void> =>
      this.#onStateCommit(sink, advanced);
    const onEnd = (state: RunState): void => {
      this.#ends.add(process);
      this.#succeeded ||= state === "succeeded";
    };
    return {
      state: simulatedState({ store, process, faults, onCommit, onEnd }),
      bound: {
        plan: { job: { ...this.#job, chunk }, decode, transform: transformOf(this.#plan), sinks: [], rejects: null },
        source: new SimulatedSource(splits, process, faults),
        sinks: new Map(Array.from(this.#sinks, ([name, sink]) => [name, sink.bound(process)])),
        openRejects: async () => (rejects === "file" ? openRejectFolder(this.#rejects, process, faults) : null),
        async [Symbol.asyncDispose]() {},
      },
    };
  }

  async #onStateCommit(sink: string, advanced: readonly Progress[]): Promise<void> {
    await this.#sinks.get(sink)?.onStateCommit(advanced, await this.#stateProgress(sink));
  }

  async #checkEnd(): Promise<void> {
    const runs = await this.#store.listRuns({ job: this.#job.name, limit: 100 });
    if (runs.length !== 1) this.#violate(`there are ${runs.length} runs`);
    const [run] = runs;
    if (run?.state !== "succeeded") this.#violate(`the run is ${run?.state}, but it had succeeded`);
    for (const [name, sink] of this.#sinks) await sink.checkEnd(await this.#stateProgress(name));
    if (this.#plan.rejects === "file" && !this.#rejects.published) this.#violate("the rejects were not published");
    this.#operator.checkLeaks();
  }

  async #stateProgress(sink: string): Promise<readonly Progress[]> {
    const [run] = await this.#store.listRuns({ job: this.#job.name, limit: 1 });
    return this.#store.progress({ job: this.#job.name, scope: run?.scope ?? "", sink });
  }

  #stateRejects(): Promise<readonly Reject[]> {
    return this.#store.listRejects({ job: this.#job.name, limit: 1_000_000 });
  }
}

function transformOf({ transform, route, mode }: SimulationPlan): TransformSpec | null {
  if (!transform) return null;
  const module = mode === "record" ? (route ? ROUTED : TRANSFORM) : MANY;
  return { module, export: null, mode, concurrency: 3, timeoutMs: 30_000 };
}

function jobOf(plan: SimulationPlan): Job {
  const { order, commit, maxRejects, onSinkDown } = plan;
  const job = defineJob({
    name: "simulated",
    source: { type: "file", path: "simulated.csv" },
    sink: { type: "file", path: "simulated.jsonl" },
    order,
    retry: { for: "5m", initialDelay: "100ms", maxDelay: "5s" },
  });
  return {
    ...job,
    commit,
    onSinkDown,
    errors: { ...job.errors, maxRejects, maxRejectRate: 1, minRecords: Number.POSITIVE_INFINITY },
  };
}
