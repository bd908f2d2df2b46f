/**
 * The processes that read a live source together: each is started, ended by a disaster or by its own doing, and followed
 * by another one, until all is read and everybody is asked to stop.
 */
import type { Job } from "../../../src/config/job.ts";
import { isMillraceError, MillraceError } from "../../../src/core/errors.ts";
import type { RunEvent } from "../../../src/core/ports/observer.ts";
import type { StateStore } from "../../../src/core/ports/state-store.ts";
import { newRunId } from "../../../src/core/random.ts";
import type { RunSummary } from "../../../src/core/summary.ts";
import { SummaryRecorder } from "../../../src/observability/summary-recorder.ts";
import { DRAIN_MS } from "../../../src/pipeline/flow-starts.ts";
import { RunLease } from "../../../src/pipeline/lease.ts";
import type { BoundPlan } from "../../../src/pipeline/resolve.ts";
import { runBound } from "../../../src/pipeline/run-bound.ts";
import { BufferPool } from "../../../src/runtime/buffer-pool.ts";
import { WatchedBudget } from "../world/budget.ts";
import type { Faults } from "../world/faults.ts";
import type { Group } from "../world/group.ts";
import { GroupMember } from "../world/member.ts";
import { SimulatedProcess } from "../world/process.ts";
import type { Scheduler } from "../world/scheduler.ts";
import { SimulatedThreads } from "../world/threads.ts";
import type { LivePlan } from "./plan.ts";

/** What a process is given. */
export interface CrewParts {
  readonly state: StateStore;
  readonly source: GroupMember;
  readonly bound: BoundPlan;
}

/** What a {@link Crew} needs. */
export interface CrewOptions {
  readonly plan: LivePlan;
  readonly job: Job;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly group: Group;
  readonly partsOf: (process: SimulatedProcess, number: number) => CrewParts;
  /** Takes all sinks away for so many milliseconds. */
  readonly goDown: (forMs: number) => void;
  readonly hold: <T>(work: Promise<T>) => Promise<T>;
  readonly violate: (message: string) => void;
}

/** One process with what it holds. */
interface Life {
  readonly process: SimulatedProcess;
  readonly graceful: AbortController;
  readonly killed: AbortController;
  readonly budget: WatchedBudget;
  readonly buffers: BufferPool;
  readonly recorder: SummaryRecorder;
  /** When it was asked to stop. */
  stoppedAt: number | null;
  wasPaused: boolean;
  ended: { readonly state: string; readonly error: string | null } | null;
  /** At its end. */
  summary: RunSummary | null;
  last?: RunEvent;
}

/** What a process counted until it ended, whatever ended it. */
export interface Counted {
  readonly process: string;
  /** It was killed, or stood still for a while. */
  readonly wasHurt: boolean;
  /** Records by sink. */
  readonly read: ReadonlyMap<string, number>;
}

/** Errors that may end a run when the world is bad. */
const LEGITIMATE: ReadonlySet<string> = new Set(["RETRIES_EXHAUSTED", "STATE_UNAVAILABLE", "SINK_UNAVAILABLE"]);
/** What is under way when a drain is cut short takes its time: a reply, a server that has not noticed. */
const MORE_MS = 20_000;
/** Longer than a drain may take. */
const LONG_OUTAGE_MS = 100_000;

/** The crew. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #lives: Life[] = [];
  readonly #disasters: LivePlan["disasters"][number][];
  #nextDisasterAt: number;
  #starting = 0;
  #retired = false;

  constructor(options: CrewOptions) {
    this.#options = options;
    this.#disasters = [...options.plan.disasters];
    this.#nextDisasterAt = options.scheduler.between(1, 200);
  }

  get processes(): number {
    return this.#lives.length;
  }

  /** Everybody has ended. */
  get isGone(): boolean {
    return (
      this.#starting === 0 && this.#lives.every(({ ended, process }) => ended !== null || process.condition === "dead")
    );
  }

  /** Called between any two steps. */
  tick(): void {
    const { scheduler, plan } = this.#options;
    const at = this.#lives.filter(({ ended, process }) => ended === null && process.condition === "alive").length;
    if (!this.#retired && at + this.#starting < plan.processes)
      this.#startLater(this.#lives.length < plan.processes ? 0 : 8_000);
    if (scheduler.steps >= this.#nextDisasterAt && !this.#retired) this.#disaster();
  }

  /** All is read: everybody is asked to stop. */
  retire(): void {
    this.#retired = true;
    for (const life of this.#lives) this.#stop(life);
  }

  counted(): readonly Counted[] {
    const end = { job: "", run: "", state: "interrupted", error: null, durationMs: 0 } as const;
    const process = { peakRssBytes: 0, gc: { count: 0, totalMs: 0, maxMs: 0 }, eventLoopP99Ms: 0 };
    return this.#lives.map((life) => {
      const { sinks } = life.summary ?? life.recorder.snapshot({ ...end, process });
      return {
        process: life.process.name,
        wasHurt: life.wasPaused || life.process.condition === "dead",
        read: new Map(Object.entries(sinks).map(([name, { read }]) => [name, read])),
      };
    });
  }

  /** What everybody was last seen doing, for a report. */
  report(): string {
    return this.#lives
      .map(({ process, ended, last, budget, buffers }) => {
        const stands = ended === null ? process.condition : `ended ${ended.state} ${ended.error ?? ""}`;
        const boxes = last?.kind === "sampled" ? JSON.stringify(last.mailboxes) : (last?.kind ?? "nothing");
        return `${process.name}: ${stands}; budget ${budget.used}/${budget.limitBytes}, ${budget.waiting} wait; ${buffers.stats.inUse} buffers; last: ${boxes}`;
      })
      .join("\n");
  }

  /** Lets go of what the dead still wait for. */
  bury(): void {
    for (const { killed } of this.#lives) killed.abort();
  }

  #startLater(mostMs: number): void {
    const { scheduler } = this.#options;
    this.#starting++;
    scheduler.after("crew: starts a process", () => this.#start(), scheduler.between(0, mostMs));
  }

  #start(): void {
    this.#starting--;
    if (this.#retired) return;
    const { scheduler, plan, violate } = this.#options;
    const life: Life = {
      process: new SimulatedProcess(`c${this.#lives.length}`, scheduler),
      graceful: new AbortController(),
      killed: new AbortController(),
      budget: new WatchedBudget(plan.budgetBytes, violate),
      buffers: new BufferPool({ maxIdleBytes: 4 * 1024 * 1024 }),
      recorder: new SummaryRecorder(),
      stoppedAt: null,
      wasPaused: false,
      ended: null,
      summary: null,
    };
    const number = this.#lives.push(life);
    void this.#run(life, number).then((ended) => this.#onEnded(life, ended));
  }

  async #run(life: Life, number: number): Promise<NonNullable<Life["ended"]>> {
    try {
      const summary = await this.#runOnce(life, number);
      life.summary = summary;
      if (summary.error !== null) this.#judge(life, summary.error.code, summary.error.message);
      return { state: summary.state, error: summary.error?.code ?? null };
    } catch (thrown) {
      const { code, message, stack } = MillraceError.from(thrown);
      this.#judge(life, code, isMillraceError(thrown) ? message : `${message} ${stack}`);
      return { state: "thrown", error: code };
    }
  }

  /** What `runJob` does with a live source. */
  async #runOnce(life: Life, number: number): Promise<RunSummary> {
    const { process, graceful, killed, budget, buffers, recorder } = life;
    const { job, scheduler, plan, faults, partsOf, hold } = this.#options;
    const { threads } = plan;
    const { clock, name } = process;
    const { state, source, bound } = partsOf(process, number);
    const own = newRunId(clock.now(), scheduler.random);
    const owner = { id: name, host: "simulated", pid: number, machine: "simulated", processStart: name };
    await using lease = await RunLease.acquire({
      state,
      job: job.name,
      scope: own,
      owner,
      clock,
      isAlive: () => "unknown",
    });
    await using _leaving = source;
    const kill = AbortSignal.any([lease.lost, killed.signal]);
    return await runBound({
      bound,
      identity: { job: job.name, slot: null, params: {}, scope: "", own },
      wish: { restart: false, keepWritten: false, resume: null, acceptRejects: false, trigger: "simulation" },
      world: {
        clock,
        random: scheduler.random,
        state,
        budget,
        buffers,
        threads,
        startThreads: (spec) => new SimulatedThreads({ process, faults, threads, spec, hold }),
      },
      stops: { graceful: AbortSignal.any([graceful.signal, kill]), kill, confirm: () => lease.confirm() },
      recorder,
      observers: [recorder.observe, (event) => this.#observe(life, event)],
      figures: () => ({ peakRssBytes: 0, gc: { count: 0, totalMs: 0, maxMs: 0 }, eventLoopP99Ms: 0 }),
    });
  }

  #observe(life: Life, event: RunEvent): void {
    const { scheduler, violate } = this.#options;
    const { process } = life;
    life.last = event;
    if (event.kind !== "sampled") {
      const { job: _job, run: _run, at: _at, ...body } = event;
      scheduler.tell(`${process.name}: ${JSON.stringify(body)}`);
    }
    if (event.kind === "restarting" && event.code === "INVARIANT" && !event.message.includes("simulated: "))
      violate(`${process.name}: ${event.actor} died of a mistake: ${event.message}`);
    if (event.kind === "share-taken") this.#checkLeaks(life, "begins a share");
  }

  /** Whoever has nothing in hand must hold nothing. */
  #checkLeaks({ process, budget, buffers }: Life, when: string): void {
    const { inUse } = buffers.stats;
    if (inUse > 0 || budget.used > 0 || budget.alive > 0)
      this.#options.violate(`${process.name} ${when} with ${inUse} buffers lent and ${budget.used} bytes reserved`);
  }

  #judge({ process }: Life, code: string, message: string): void {
    if (!LEGITIMATE.has(code) && !(code !== "FENCED" && message.includes("simulated: ")))
      this.#options.violate(`${process.name}: a run ended for ${code}: ${message}`);
  }

  #onEnded(life: Life, ended: NonNullable<Life["ended"]>): void {
    const { scheduler, violate } = this.#options;
    life.ended = ended;
    this.#checkLeaks(life, `ended ${ended.state}`);
    if (life.stoppedAt === null) return;
    const took = scheduler.clock.monotonic() - life.stoppedAt;
    if (took > DRAIN_MS + MORE_MS) violate(`${life.process.name} took ${took} ms to stop`);
  }

  #stop(life: Life): void {
    life.process.signal(() => {
      life.stoppedAt ??= this.#options.scheduler.clock.monotonic();
      life.graceful.abort();
    });
  }

  #disaster(): void {
    const { scheduler, faults, group, goDown } = this.#options;
    this.#nextDisasterAt = scheduler.steps + scheduler.between(1, 200);
    const alive = this.#lives.filter(({ ended, process }) => ended === null && process.condition === "alive");
    const life = alive[scheduler.between(0, alive.length - 1)];
    if (life === undefined) return;
    switch (this.#disasters.shift()) {
      case "kill":
        return life.process.kill();
      case "pause":
        life.wasPaused = true;
        life.process.pause();
        return scheduler.after("crew: wakes a process", () => wake(life, scheduler), scheduler.between(500, 60_000));
      case "stop":
        if (scheduler.chance(0.3)) goDown(LONG_OUTAGE_MS);
        return this.#stop(life);
      case "rebalance":
        return group.rebalance();
      case "evict": {
        const member = group.members[scheduler.between(0, group.members.length - 1)];
        return member === undefined ? undefined : group.leave(member);
      }
      case undefined:
        if (scheduler.steps > 800) faults.cease();
    }
  }
}

/** Time goes on without a process that stands still, but nobody asks of it what it cannot do meanwhile. */
function wake(life: Life, { clock }: Scheduler): void {
  if (life.stoppedAt !== null) life.stoppedAt = clock.monotonic();
  life.process.resume();
}
