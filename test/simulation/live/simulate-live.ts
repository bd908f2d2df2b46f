/** One seed of a live source: a topic that grows, a group that shares it out, and processes that come and go. */
import { fileURLToPath } from "node:url";
import { defineJob } from "../../../src/config/define-job.ts";
import type { Job, SinkOptions } from "../../../src/config/job.ts";
import type { BoundSink, Claim, SinkSession, SinkWriter } from "../../../src/core/ports/sink.ts";
import type { StateStore } from "../../../src/core/ports/state-store.ts";
import type { Reject } from "../../../src/core/reject.ts";
import type { Plan } from "../../../src/pipeline/describe.ts";
import { openMemoryStore } from "../../../src/state/memory.ts";
import { rejectKey } from "../replay-truth.ts";
import type { SimulationResult } from "../simulate.ts";
import { EVERY, JOB } from "../sink-under-test.ts";
import { Faults } from "../world/faults.ts";
import { Group } from "../world/group.ts";
import { GroupMember } from "../world/member.ts";
import type { SimulatedProcess } from "../world/process.ts";
import { Scheduler, type Trace } from "../world/scheduler.ts";
import { simulatedState } from "../world/state.ts";
import { GrowingTopic } from "../world/topic.ts";
import { ClaimBook } from "./claim-book.ts";
import { type Counted, Crew, type CrewParts } from "./crew.ts";
import { LiveSink } from "./live-sink.ts";
import { type LivePlan, livePlanOf, type LiveSinkPlan } from "./plan.ts";
import { RealWork } from "../world/real-work.ts";

/** More steps than any seed needs: somebody tries for ever. */
const MAX_STEPS = 60_000;
/** So long no record becomes durable: everybody waits for somebody. A chunk of records that all hang takes half a minute each. */
const SILENCE_MS = 3_600_000;
const TRANSFORM = fileURLToPath(new URL("../fixtures/mixed.ts", import.meta.url));

/** Runs a seed; the same seed does the same, step by step. */
export async function simulateLive(seed: number, trace?: Trace): Promise<SimulationResult> {
  return await new LiveSimulation(seed, livePlanOf(seed), trace).run();
}

class LiveSimulation {
  readonly #seed: number;
  readonly #plan: LivePlan;
  readonly #scheduler: Scheduler;
  readonly #faults: Faults;
  readonly #topic: GrowingTopic;
  readonly #group: Group;
  readonly #job: Job;
  readonly #crew: Crew;
  readonly #sinks: ReadonlyMap<string, LiveSink>;
  readonly #stores: StateStore[] = [];
  readonly #violations: string[] = [];
  /** Records that became durable, commit by commit, by process and sink. */
  readonly #durable = new Map<string, number[]>();
  readonly #claims = new ClaimBook();
  /** Real work that simulated time waits for. */
  readonly #realWork = new RealWork();
  #consumed = 0;
  #silentSince = 0;

  constructor(seed: number, plan: LivePlan, trace?: Trace) {
    this.#seed = seed;
    this.#plan = plan;
    this.#scheduler = new Scheduler(seed, trace);
    this.#faults = new Faults(this.#scheduler, plan.faults);
    this.#topic = new GrowingTopic(plan.splits);
    const { sessionMs, sticky } = plan;
    this.#group = new Group(this.#scheduler, { partitions: plan.splits.map(({ id }) => id), sessionMs, sticky });
    this.#job = jobOf(plan);
    this.#sinks = new Map(plan.sinks.map((sink) => [sink.name, this.#sinkOf(sink)]));
    this.#crew = new Crew({
      plan,
      job: this.#job,
      scheduler: this.#scheduler,
      faults: this.#faults,
      group: this.#group,
      partsOf: (process, number) => this.#partsOf(process, number),
      goDown: (forMs) => {
        for (const sink of this.#sinks.values()) sink.goDown(forMs);
      },
      hold: (work) => this.#realWork.hold(work),
      violate: (message) => this.#violate(message),
    });
  }

  async run(): Promise<SimulationResult> {
    const { clock } = this.#scheduler;
    this.#topic.grow(this.#scheduler, this.#plan.growth);
    const isDone = (): boolean => this.#topic.isWhole && [...this.#sinks.values()].every((sink) => sink.isDone);
    await this.#while(() => !isDone());
    this.#crew.retire();
    await this.#while(() => !this.#crew.isGone);
    // What is still under way in the network must do no harm.
    await this.#while(() => this.#scheduler.underWay.length > 0);
    if (this.#violations.length === 0) await this.#checkEnd();
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#violations.length > 0) this.#violations.push(this.#crew.report());
    this.#crew.bury();
    const { steps } = this.#scheduler;
    const processes = this.#crew.processes;
    return { seed: this.#seed, violations: this.#violations, steps, processes, simulatedMs: clock.monotonic() };
  }

  async #while(condition: () => boolean): Promise<void> {
    this.#silentSince = this.#scheduler.clock.monotonic();
    while (this.#violations.length === 0 && condition()) await this.#next();
  }

  async #next(): Promise<void> {
    this.#crew.tick();
    for (const sink of this.#sinks.values()) sink.tick();
    const { clock, steps, underWay } = this.#scheduler;
    if (!(await clock.runNext())) this.#violate("deadlock: no timer is set");
    await this.#realWork.done();
    const consumed = [...this.#sinks.values()].reduce((sum, sink) => sum + sink.consumed, 0);
    if (consumed > this.#consumed) this.#silentSince = clock.monotonic();
    this.#consumed = consumed;
    if (clock.monotonic() - this.#silentSince > SILENCE_MS)
      this.#violate(`deadlock: nothing becomes durable; under way: ${underWay.join(", ")}`);
    if (steps > MAX_STEPS) this.#violate(`livelock: ${steps} steps; under way: ${underWay.join(", ")}`);
  }

  #violate(message: string): void {
    this.#violations.push(message);
  }

  #sinkOf(sink: LiveSinkPlan): LiveSink {
    return new LiveSink({
      plan: this.#plan,
      sink,
      scheduler: this.#scheduler,
      faults: this.#faults,
      inState: () => this.#inState(),
      onDurable: (process, name, records) => {
        const key = `${process} ${name}`;
        this.#durable.set(key, [...(this.#durable.get(key) ?? []), records]);
      },
      violate: (message) => this.#violate(message),
    });
  }

  #partsOf(process: SimulatedProcess, number: number): CrewParts {
    const faults = this.#faults;
    const source = new GroupMember({
      topic: this.#topic,
      group: this.#group,
      process,
      faults,
      onCommitted: (split, position) => {
        for (const sink of this.#sinks.values()) sink.onTold(split, position);
      },
    });
    const { chunks, ownStores } = this.#plan;
    const chunk = chunks[number % chunks.length] ?? this.#job.chunk;
    if (ownStores || this.#stores.length === 0) this.#stores.push(openMemoryStore());
    const state = simulatedState({
      store: this.#stores.at(-1) as StateStore,
      process,
      faults,
      faultsOf: (sink) => this.#sinks.get(sink)?.commitFaults ?? faults,
      onCommit: async (sink, ...commit) => this.#sinks.get(sink)?.onStateCommit(process.name, ...commit),
      onSettled: async () => {},
      onEnd: () => {},
    });
    const onClaim = (sink: string, claims: readonly Claim[]): void => {
      this.#checkProof(source, process);
      this.#claims.note(process.name, sink, claims);
    };
    const bound = {
      plan: { ...planOf(this.#plan, this.#job), job: { ...this.#job, chunk } },
      source,
      sinks: new Map(Array.from(this.#sinks, ([name, sink]) => [name, withClaims(name, sink.bound(process), onClaim)])),
      openRejects: async () => null,
      async [Symbol.asyncDispose]() {},
    };
    return {
      state: { ...state, claim: claiming(state.claim, ([key, claims]) => onClaim(key.sink, claims)) },
      source,
      bound,
    };
  }

  /** A claim takes a split from whoever has it: the group has to have said, since the last one, that it may. */
  #checkProof(source: GroupMember, { name }: SimulatedProcess): void {
    if (!source.takeProof()) this.#violate(`${name} claims splits and has not asked whether they are still its own`);
  }

  /** A process that dies before its position has passed a reject keeps it all the same; with stores of their own, twice. */
  async #inState(): Promise<readonly Reject[]> {
    const all: Reject[] = [];
    for (const store of this.#stores) all.push(...(await store.listRejects({ job: JOB, limit: EVERY })));
    return this.#plan.ownStores ? [...new Map(all.map((reject) => [rejectKey(reject), reject])).values()] : all;
  }

  async #checkEnd(): Promise<void> {
    for (const sink of this.#sinks.values()) await sink.checkEnd();
    for (const counted of this.#crew.counted()) for (const sink of this.#sinks.keys()) this.#checkCounts(sink, counted);
  }

  /**
   * What a process counts it has made durable. A commit whose reply was lost it may never hear of: the last one before
   * somebody else claimed what it had.
   */
  #checkCounts(sink: string, { process, wasHurt, read }: Counted): void {
    const commits = this.#durable.get(`${process} ${sink}`) ?? [];
    const durable = commits.reduce((sum, records) => sum + records, 0);
    const told = read.get(sink) ?? 0;
    const losses = 1 + this.#claims.losses(process, sink);
    const unheard = wasHurt ? durable : losses * Math.max(0, ...commits);
    if (told > durable || told < durable - unheard)
      this.#violate(
        `${process} counted ${told} records in ${sink}, but made ${durable} durable, and lost its splits ${losses} times`,
      );
  }
}

/** The same sink, and each claim is told. */
function withClaims(
  name: string,
  sink: BoundSink,
  onClaim: (sink: string, claims: readonly Claim[]) => void,
): BoundSink {
  const given = sink.open.bind(sink);
  const open = async (session: SinkSession): Promise<SinkWriter> => {
    const writer = await given(session);
    const claim = writer.claim?.bind(writer);
    return claim === undefined
      ? writer
      : Object.assign(writer, { claim: claiming(claim, ([claims]) => onClaim(name, claims)) });
  };
  return Object.assign(sink, { open });
}

function claiming<A extends readonly unknown[], R>(
  claim: (...given: A) => R,
  onClaim: (given: A) => void,
): (...given: A) => R {
  return (...given) => {
    onClaim(given);
    return claim(...given);
  };
}

function planOf({ decode, transform, sinks }: LivePlan, job: Job): Plan {
  const options = job.sinks["sink"] as SinkOptions;
  return {
    job,
    decode,
    transform: transform
      ? { module: TRANSFORM, export: null, mode: "record", concurrency: 3, timeoutMs: 30_000 }
      : null,
    sinks: sinks.map(({ name }) => ({ name, type: options.type, options })),
    rejects: null,
  };
}

function jobOf({ commit, onSinkDown }: LivePlan): Job {
  const job = defineJob({
    name: JOB,
    source: { type: "file", path: "simulated.csv" },
    sink: { type: "file", path: "simulated.jsonl" },
    retry: { initialDelay: "100ms", maxDelay: "5s" },
  });
  return {
    ...job,
    commit,
    onSinkDown,
    retry: { ...job.retry, forMs: Number.POSITIVE_INFINITY },
    errors: { ...job.errors, maxRejects: null, maxRejectRate: 1, minRecords: Number.POSITIVE_INFINITY },
  };
}
