/** One seed: a world, a job, disasters, and the invariants held against all that happens. */
import { fileURLToPath } from "node:url";
import { defineJob } from "../../src/config/define-job.ts";
import type { Job, SinkOptions } from "../../src/config/job.ts";
import { REPLAY_SCOPE, type StoredReject } from "../../src/core/ports/reject-shelf.ts";
import type { BoundSink } from "../../src/core/ports/sink.ts";
import type { RunRow, StateStore } from "../../src/core/ports/state-store.ts";
import type { Reject } from "../../src/core/reject.ts";
import type { TransformSpec } from "../../src/core/task.ts";
import type { Plan } from "../../src/pipeline/describe.ts";
import { placesOf } from "../../src/pipeline/rejects/reject-places.ts";
import { replayBound } from "../../src/pipeline/rejects/replay-bound.ts";
import type { BoundPlan } from "../../src/pipeline/resolve.ts";
import { runBound } from "../../src/pipeline/run-bound.ts";
import { openMemoryStore } from "../../src/state/memory.ts";
import { simulateLive } from "./live/simulate-live.ts";
import { Operator, type OperatorOptions, type ProcessParts } from "./operator.ts";
import { APIS, LIVE, type Mended, planOf, type ReplayPlan, type SimulationPlan, type SinkPlan } from "./plan.ts";
import { ReplayTruth } from "./replay-truth.ts";
import { ReplayUnderTest } from "./replay-under-test.ts";
import { type CurrentRun, EVERY, JOB, SinkUnderTest } from "./sink-under-test.ts";
import { Faults } from "./world/faults.ts";
import type { SimulatedProcess } from "./world/process.ts";
import { openRejectFolder, rejectFileOf, RejectFolder } from "./world/reject-file.ts";
import { Scheduler, type Trace } from "./world/scheduler.ts";
import { SimulatedSource } from "./world/source.ts";
import { simulatedState } from "./world/state.ts";
import { RealWork } from "./world/real-work.ts";

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
const MENDED = fileURLToPath(new URL("fixtures/mended.ts", import.meta.url));
const MENDED_ROUTED = fileURLToPath(new URL("fixtures/mended-routed.ts", import.meta.url));
const IDENTITY = { job: JOB, slot: null, params: {} };
const ROUTED = fileURLToPath(new URL("fixtures/routed.ts", import.meta.url));

/** Runs a seed; the same seed does the same, step by step. */
export async function simulate(seed: number, trace?: Trace): Promise<SimulationResult> {
  if (seed >= LIVE && seed < APIS) return await simulateLive(seed, trace);
  return await new Simulation(seed, planOf(seed), trace).run();
}

class Simulation {
  readonly #seed: number;
  readonly #plan: SimulationPlan;
  readonly #scheduler: Scheduler;
  readonly #faults: Faults;
  readonly #violations: string[] = [];
  readonly #sinks: ReadonlyMap<string, SinkUnderTest>;
  readonly #job: Job;
  readonly #store: StateStore = openMemoryStore();
  readonly #rejects = new RejectFolder();
  /** Real work that simulated time waits for. */
  readonly #realWork = new RealWork();
  #operator: Operator;
  #processes = 0;
  /** Runs that there are to be. */
  #runs = 1;
  #replay: ReplayUnderTest | null = null;
  #succeeded = false;
  /** Processes that have found or made the replay that they work on. */
  readonly #replaying = new Set<SimulatedProcess>();
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
    this.#operator = this.#operate({
      leaseScope: "",
      letter: "p",
      disasters: plan.disasters,
      hurries: false,
      partsOf: (process) => this.#partsOf(process),
    });
  }

  async run(): Promise<SimulationResult> {
    await this.#live();
    for (const replay of this.#plan.replays) if (this.#violations.length === 0) await this.#replayRejects(replay);
    await new Promise((resolve) => setImmediate(resolve));
    return {
      seed: this.#seed,
      violations: this.#violations,
      steps: this.#scheduler.steps,
      processes: this.#processes,
      simulatedMs: this.#scheduler.clock.monotonic(),
    };
  }

  /** Until a run has succeeded and nothing goes on any more. */
  async #live(): Promise<void> {
    const violations = this.#violations;
    while (violations.length === 0 && !this.#operator.done) await this.#next();
    // What is still under way in the network must do no harm.
    while (violations.length === 0 && this.#scheduler.underWay.length > 0) await this.#next();
    if (violations.length === 0) await this.#checkEnd();
    if (violations.length > 0) violations.push(this.#operator.report());
    this.#processes += this.#operator.processes;
    this.#operator.bury();
  }

  /** Somebody has looked at the rejects and mended the transform. */
  async #replayRejects({ mended, disasters, sleepsFirst }: ReplayPlan): Promise<void> {
    const rejects = (await this.#kept()).filter(({ scope }) => !scope.startsWith(REPLAY_SCOPE));
    if (rejects.length === 0) return;
    const truth = new ReplayTruth(this.#plan, mended, rejects);
    this.#replay = new ReplayUnderTest({
      truth,
      kept: () => this.#kept(),
      rowsOf: (sink) => this.#sinks.get(sink)?.rows ?? [],
      violate: (message) => this.#violate(message),
    });
    for (const sink of this.#sinks.values()) sink.beginReplay(truth);
    this.#faults.begin();
    this.#succeeded = false;
    this.#runs++;
    this.#silentSince = this.#scheduler.clock.monotonic();
    this.#operator = this.#operate({
      leaseScope: "@replay",
      letter: "r",
      disasters,
      hurries: sleepsFirst,
      partsOf: (process) => this.#replayPartsOf(process, mended),
    });
    await this.#live();
    if (this.#violations.length === 0)
      await this.#replay.checkEnd(this.#plan.replays.some((one) => one.disasters.includes("pause")));
  }

  #operate(how: Pick<OperatorOptions, "leaseScope" | "letter" | "disasters" | "hurries" | "partsOf">): Operator {
    const { budgetBytes, threads, faults } = this.#plan;
    return new Operator({
      ...how,
      job: this.#job,
      scheduler: this.#scheduler,
      faults: this.#faults,
      budgetBytes,
      threads,
      inTime: faults.late === 0,
      hold: (work) => this.#realWork.hold(work),
      succeeded: () => this.#succeeded,
      isUnderWay: (process) => this.#replaying.has(process),
      wroteEnd: (process) => this.#ends.has(process),
      violate: (message) => this.#violate(message),
    });
  }

  async #next(): Promise<void> {
    this.#operator.tick();
    for (const sink of this.#sinks.values()) sink.tick();
    const { clock, steps, underWay } = this.#scheduler;
    if (!(await clock.runNext())) this.#violate("deadlock: no timer is set");
    await this.#realWork.done();
    if (underWay.some((name) => !HOUSEKEEPING.test(name))) this.#silentSince = clock.monotonic();
    if (clock.monotonic() - this.#silentSince > SILENCE_MS)
      this.#violate(`deadlock: nothing happens; under way: ${underWay.join(", ")}`);
    if (steps > MAX_STEPS) this.#violate(`livelock: ${steps} steps; under way: ${underWay.join(", ")}`);
  }

  #violate(message: string): void {
    this.#violations.push(message);
  }

  #underTest(sink: SinkPlan): SinkUnderTest {
    const inFile = this.#plan.rejects === "file";
    return new SinkUnderTest({
      plan: this.#plan,
      sink,
      scheduler: this.#scheduler,
      faults: this.#faults,
      rejects: {
        file: () => (inFile && this.#replay === null ? this.#rejects.current : null),
        inState: () => this.#stateRejects(),
      },
      isGone: (process) => this.#operator.isGone(process),
      onSettled: async () => this.#replay?.checkNothingLost(),
      violate: (message) => this.#violate(message),
    });
  }

  #partsOf(process: SimulatedProcess): ProcessParts {
    const faults = this.#faults;
    const { splits, rejects } = this.#plan;
    const bound: BoundPlan = {
      plan: this.#planWith(transformOf(this.#plan)),
      source: new SimulatedSource(splits, process, faults, this.#plan.sourceIsAway),
      sinks: this.#boundSinks(process),
      openRejects: async () => (rejects === "file" ? openRejectFolder(this.#rejects, process, faults) : null),
      async [Symbol.asyncDispose]() {},
    };
    return {
      state: this.#stateOf(process),
      work: ({ acceptRejects, ...call }) =>
        runBound({
          ...call,
          bound,
          identity: IDENTITY,
          wish: { restart: false, keepWritten: false, resume: null, acceptRejects, trigger: "simulation" },
        }),
    };
  }

  /** What `replayRejects` does once it has resolved its sinks. */
  #replayPartsOf(process: SimulatedProcess, mended: Mended): ProcessParts {
    const plan = this.#planWith(mendedTransform(this.#plan, mended));
    const state = this.#noting(process, this.#stateOf(process));
    const sinks = this.#boundSinks(process);
    const fields = new Map(this.#plan.splits.map((split) => [split.id, split.fields]));
    const places = placesOf(plan, sinks, state);
    const onRewritten = async (): Promise<void> => this.#replay?.checkNothingLost();
    const file = rejectFileOf({ folder: this.#rejects, process, faults: this.#faults, onRewritten });
    const inFile = { ...places, file, all: [{ name: "", label: "simulated file", reader: file, own: {} }] };
    return {
      state,
      work: ({ acceptRejects: _all, ...call }) =>
        replayBound({
          ...call,
          plan,
          sinks,
          places: this.#plan.rejects === "file" ? inFile : places,
          identity: IDENTITY,
          wish: {},
          fieldsOf: async () => (split) => fields.get(split),
        }),
    };
  }

  /** The same store; whoever has chosen a replay in it goes on with that one, however long it sleeps. */
  #noting(process: SimulatedProcess, state: StateStore): StateStore {
    return {
      ...state,
      createRun: async (run) => {
        await state.createRun(run);
        this.#replaying.add(process);
      },
      listRuns: async (filter) => {
        const runs = await state.listRuns(filter);
        if (runs.some(({ scope, state: stands }) => scope.startsWith(REPLAY_SCOPE) && stands !== "succeeded"))
          this.#replaying.add(process);
        return runs;
      },
    };
  }

  /** Of each process in turn other chunks. */
  #planWith(transform: TransformSpec | null): Plan {
    const { decode, chunks } = this.#plan;
    const chunk = chunks[this.#operator.processes % chunks.length] ?? this.#job.chunk;
    const options = this.#job.sinks["sink"] as SinkOptions;
    const sinks = this.#plan.sinks.map(({ name }) => ({ name, type: options.type, options }));
    return { job: { ...this.#job, chunk }, decode, transform, sinks, rejects: null };
  }

  #boundSinks(process: SimulatedProcess): ReadonlyMap<string, BoundSink> {
    return new Map(Array.from(this.#sinks, ([name, sink]) => [name, sink.bound(process)]));
  }

  #stateOf(process: SimulatedProcess): StateStore {
    return simulatedState({
      store: this.#store,
      process,
      faults: this.#faults,
      faultsOf: (sink) => this.#sinks.get(sink)?.commitFaults ?? this.#faults,
      onCommit: async (sink, advanced) => this.#sinks.get(sink)?.onStateCommit(advanced, await this.#currentRun(sink)),
      onSettled: async () => this.#replay?.checkNothingLost(),
      onEnd: (state) => {
        this.#ends.add(process);
        this.#succeeded ||= state === "succeeded";
      },
    });
  }

  async #checkEnd(): Promise<void> {
    const runs = await this.#store.listRuns({ job: this.#job.name, limit: 100 });
    if (runs.length !== this.#runs) this.#violate(`there are ${runs.length} runs, not ${this.#runs}`);
    const [run] = runs;
    if (run?.state !== "succeeded") this.#violate(`the run is ${run?.state}, but it had succeeded`);
    for (const [name, sink] of this.#sinks) await sink.checkEnd(await this.#currentRun(name));
    if (this.#plan.rejects === "file" && !this.#rejects.published) this.#violate("the rejects were not published");
    this.#operator.checkLeaks();
  }

  async #currentRun(sink: string): Promise<CurrentRun> {
    const { id, scope } = await this.#newestRun();
    const key = { job: JOB, scope, sink };
    return { id, scope, progress: await this.#store.progress(key), words: await this.#store.words(key) };
  }

  async #newestRun(): Promise<Pick<RunRow, "id" | "scope">> {
    const [run] = await this.#store.listRuns({ job: JOB, limit: 1 });
    return run ?? { id: "", scope: "" };
  }

  /** Those of the newest run. */
  async #stateRejects(): Promise<readonly Reject[]> {
    return this.#store.listRejects({ job: JOB, scope: (await this.#newestRun()).scope, limit: EVERY });
  }

  /** What somebody would be shown: where a file holds the rejects, the copies that a replay takes are none. */
  async #kept(): Promise<readonly StoredReject[]> {
    const places = [...this.#sinks.values()].map(({ rejects }) => rejects.list({ job: JOB, limit: EVERY }));
    const stored = [...(await this.#store.listRejects({ job: JOB, limit: EVERY })), ...places.flat()];
    if (this.#plan.rejects !== "file") return stored;
    const again = stored.filter(({ scope }) => scope.startsWith(REPLAY_SCOPE));
    return [...this.#rejects.current.map((reject, line) => ({ ...reject, id: line + 1 })), ...again];
  }
}

/** A job whose transform had nothing to say has one now. */
function mendedTransform({ route }: SimulationPlan, mended: Mended): TransformSpec {
  const name = mended === "half" ? null : mended;
  const module = route ? MENDED_ROUTED : MENDED;
  return { module, export: name, mode: "record", concurrency: 3, timeoutMs: 30_000 };
}

function transformOf({ transform, route, mode }: SimulationPlan): TransformSpec | null {
  if (!transform) return null;
  const module = mode === "record" ? (route ? ROUTED : TRANSFORM) : MANY;
  return { module, export: null, mode, concurrency: 3, timeoutMs: 30_000 };
}

function jobOf(plan: SimulationPlan): Job {
  const { order, commit, maxRejects, onSinkDown } = plan;
  const job = defineJob({
    name: JOB,
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
