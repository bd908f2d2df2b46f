/**
 * Who runs the job: starts a process, starts another one when it ended or died, and is now and then the disaster itself.
 *
 * A process does what `runJob` does after resolving: it takes the lease, then sets to work with a world of its own.
 */
import type { Job } from "../../src/config/job.ts";
import { isMillraceError, MillraceError } from "../../src/core/errors.ts";
import type { RunEvent } from "../../src/core/ports/observer.ts";
import type { LeaseOwner, StateStore } from "../../src/core/ports/state-store.ts";
import { SummaryRecorder } from "../../src/observability/summary-recorder.ts";
import { RunLease } from "../../src/pipeline/lease.ts";
import type { RunSummary } from "../../src/core/summary.ts";
import type { RunBoundOptions } from "../../src/pipeline/run-bound.ts";
import { BufferPool } from "../../src/runtime/buffer-pool.ts";
import type { Disaster } from "./plan.ts";
import { WatchedBudget } from "./world/budget.ts";
import type { Faults } from "./world/faults.ts";
import { SimulatedProcess } from "./world/process.ts";
import type { Scheduler } from "./world/scheduler.ts";
import { SimulatedThreads } from "./world/threads.ts";

/** What a process is given; made anew for each. */
export interface ProcessParts {
  readonly state: StateStore;
  /** What it does once it has the lease; null: there was nothing to do. */
  readonly work: (call: ProcessCall) => Promise<RunSummary | null>;
}

/** What a process does its work with. */
export interface ProcessCall extends Pick<RunBoundOptions, "world" | "stops" | "recorder" | "observers" | "figures"> {
  readonly acceptRejects: boolean;
}

/** What an {@link Operator} needs. */
export interface OperatorOptions {
  readonly job: Job;
  /** The lease that its processes take, and a letter for their names. */
  readonly leaseScope: string;
  readonly letter: string;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly budgetBytes: number;
  readonly threads: number;
  readonly disasters: readonly Disaster[];
  /** The first one comes as soon as it can. */
  readonly hurries: boolean;
  readonly partsOf: (process: SimulatedProcess) => ProcessParts;
  /** Whether nothing that a process asked for is done after it has asked again. */
  readonly inTime: boolean;
  readonly hold: <T>(work: Promise<T>) => Promise<T>;
  /** Whether the state store knows of a run that has succeeded. */
  readonly succeeded: () => boolean;
  /** Whether the process works on a run that the state store knows. */
  readonly isUnderWay: (process: SimulatedProcess) => boolean;
  /** Whether the process wrote down how its run ended. */
  readonly wroteEnd: (process: SimulatedProcess) => boolean;
  readonly violate: (message: string) => void;
}

/** Errors that may end a run when the world is bad; without faults and disasters none may. */
const LEGITIMATE: ReadonlySet<string> = new Set([
  "FENCED",
  "LEASE_HELD",
  "REJECT_LIMIT",
  "RETRIES_EXHAUSTED",
  "RESTARTS_EXHAUSTED",
  "STATE_UNAVAILABLE",
  "SINK_UNAVAILABLE",
]);

/** One process with what it holds. */
interface Life {
  readonly process: SimulatedProcess;
  readonly graceful: AbortController;
  readonly killed: AbortController;
  readonly budget: WatchedBudget;
  readonly buffers: BufferPool;
  /** How its call ended; undefined while it has not. */
  ended?: { readonly state: string; readonly error: string | null };
  last?: RunEvent;
}

/** Keeps the job going until a run has succeeded. */
export class Operator {
  readonly #options: OperatorOptions;
  readonly #lives: Life[] = [];
  readonly #disasters: Disaster[];
  #current: Life | undefined;
  readonly #begunAt: number;
  #nextDisasterAt: number;
  #anyPaused = false;
  #acceptRejects = false;
  #starting = false;

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#disasters = [...options.disasters];
    this.#begunAt = options.scheduler.steps;
    this.#nextDisasterAt = this.#begunAt + (options.hurries ? 1 : options.scheduler.between(1, 120));
  }

  /** A run has succeeded and nothing goes on any more. */
  get done(): boolean {
    return (
      this.#options.succeeded() &&
      this.#lives.every(({ ended, process }) => ended !== undefined || process.condition === "dead")
    );
  }

  get processes(): number {
    return this.#lives.length;
  }

  /** Called between any two steps. */
  tick(): void {
    if (this.#current === undefined && !this.#starting && !this.#options.succeeded()) this.#start();
    if (this.#options.scheduler.steps >= this.#nextDisasterAt) this.#disaster();
  }

  /** What everybody was last seen doing, for a report. */
  report(): string {
    return this.#lives
      .filter(({ ended }) => ended?.error !== "LEASE_HELD")
      .map(({ process, ended, last, budget, buffers }) => {
        const stands = ended === undefined ? process.condition : `ended ${ended.state} ${ended.error ?? ""}`;
        const boxes = last?.kind === "sampled" ? JSON.stringify(last.mailboxes) : (last?.kind ?? "nothing");
        return `${process.name}: ${stands}; budget ${budget.used}/${budget.limitBytes}, ${budget.waiting} wait; ${buffers.stats.inUse} buffers; last: ${boxes}`;
      })
      .join("\n");
  }

  /** What a process that ended by itself must have given back. */
  checkLeaks(): void {
    for (const { process, budget, buffers, ended } of this.#lives) {
      if (process.condition === "dead" || ended === undefined) continue;
      const { inUse } = buffers.stats;
      if (inUse > 0 || budget.used > 0 || budget.alive > 0) {
        this.#options.violate(
          `${process.name} ended ${ended.state} with ${inUse} buffers lent and ${budget.used} bytes reserved`,
        );
      }
    }
  }

  /** Lets go of what the dead still wait for: signals that may yet be aborted keep everything alive that listens. */
  bury(): void {
    for (const { killed } of this.#lives) killed.abort();
  }

  #start(): void {
    const { scheduler, budgetBytes, violate } = this.#options;
    const process = new SimulatedProcess(`${this.#options.letter}${this.#lives.length}`, scheduler);
    const life: Life = {
      process,
      graceful: new AbortController(),
      killed: new AbortController(),
      budget: new WatchedBudget(budgetBytes, violate),
      buffers: new BufferPool({ maxIdleBytes: 4 * 1024 * 1024 }),
    };
    this.#lives.push(life);
    this.#current = life;
    void this.#run(life).then((ended) => this.#onEnded(life, ended));
  }

  async #run(life: Life): Promise<NonNullable<Life["ended"]>> {
    try {
      return await this.#runOnce(life);
    } catch (thrown) {
      const { code, message, stack } = MillraceError.from(thrown);
      this.#judge(code, isMillraceError(thrown) ? message : `${message} ${stack}`);
      return { state: "thrown", error: code };
    }
  }

  async #runOnce(life: Life): Promise<NonNullable<Life["ended"]>> {
    const { process, graceful, killed, budget, buffers } = life;
    const { job, leaseScope, scheduler, partsOf, threads, faults, hold } = this.#options;
    const { state, work } = partsOf(process);
    const { clock } = process;
    const owner = ownerOf(process);
    await using lease = await RunLease.acquire({
      state,
      job: job.name,
      scope: leaseScope,
      owner,
      clock,
      isAlive: (other) => this.#isAlive(other),
    });
    if (this.#options.succeeded()) return { state: "needless", error: null };
    const kill = AbortSignal.any([lease.lost, killed.signal]);
    const recorder = new SummaryRecorder();
    const observe = (event: RunEvent): void => this.#observe(life, event);
    const summary = await work({
      acceptRejects: this.#acceptRejects,
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
      observers: [recorder.observe, observe],
      figures: () => ({ peakRssBytes: 0, gc: { count: 0, totalMs: 0, maxMs: 0 }, eventLoopP99Ms: 0 }),
    });
    if (summary === null) return { state: "needless", error: null };
    if (summary.error !== null) this.#judge(summary.error.code, summary.error.message);
    return { state: summary.state, error: summary.error?.code ?? null };
  }

  #observe(life: Life, event: RunEvent): void {
    life.last = event;
    if (event.kind !== "sampled") this.#options.scheduler.tell(`${life.process.name}: ${toldOf(event)}`);
    if (event.kind === "restarting" && event.code === "INVARIANT" && !event.message.includes("simulated: ")) {
      this.#options.violate(`${event.actor} died of a mistake: ${event.message}`);
    }
  }

  #judge(code: string, message: string): void {
    if (code === "FENCED" && this.#options.inTime && !this.#anyPaused)
      this.#options.violate(`a run was fenced by nobody: ${message}`);
    if (!LEGITIMATE.has(code) && !message.includes("simulated: "))
      this.#options.violate(`a run ended for ${code}: ${message}`);
  }

  #onEnded(life: Life, ended: NonNullable<Life["ended"]>): void {
    life.ended = ended;
    if (ended.state === "succeeded" && !this.#options.wroteEnd(life.process))
      this.#options.violate(`${life.process.name} says succeeded and wrote nothing down`);
    if (ended.error === "FENCED" && this.#options.wroteEnd(life.process))
      this.#options.violate(`${life.process.name} was fenced and wrote down an end of the run`);
    if (ended.error === "REJECT_LIMIT") this.#acceptRejects = true;
    if (this.#current === life) this.#later(0, 5_000);
  }

  /** Another process, after some time. */
  #later(lowMs: number, highMs: number): void {
    const { scheduler } = this.#options;
    this.#current = undefined;
    if (this.#options.succeeded()) return;
    this.#starting = true;
    scheduler.after("operator: starts a process", () => (this.#starting = false), scheduler.between(lowMs, highMs));
  }

  #disaster(): void {
    const { scheduler, faults } = this.#options;
    this.#nextDisasterAt = scheduler.steps + scheduler.between(1, 150);
    const life = this.#current;
    if (life === undefined || life.process.condition !== "alive") return;
    // A zombie that has not written its run down yet would begin a second one: no store asks for the lease there.
    const mayPause = life.last !== undefined || this.#options.isUnderWay(life.process);
    if (this.#disasters[0] === "pause" && !mayPause) {
      if (this.#options.hurries) this.#nextDisasterAt = scheduler.steps + 1;
      return;
    }
    switch (this.#disasters.shift()) {
      case "kill":
        life.process.kill();
        return this.#later(0, 3_000);
      case "pause":
        this.#anyPaused = true;
        life.process.pause();
        scheduler.after("operator: wakes a zombie", () => life.process.resume(), scheduler.between(1_000, 120_000));
        // It cannot be told from a dead one: its lease has to run out.
        return this.#later(30_000, 45_000);
      case "stop":
        return life.graceful.abort();
      case undefined:
        if (scheduler.steps - this.#begunAt > 600) faults.cease();
    }
  }

  /** Whether a process, by its name, has surely ended: one that died or came to its end, not one that stands still. */
  isGone(name: string): boolean {
    return this.#lives.some(({ process, ended }) => process.name === name && (process.condition === "dead" || !!ended));
  }

  /** What a process on the same host can see of another one; a paused one lives. */
  #isAlive(owner: LeaseOwner): "alive" | "dead" | "unknown" {
    const other = this.#lives.find(({ process }) => process.name === owner.id);
    if (other === undefined || other.process.condition === "paused") return "unknown";
    return other.process.condition === "dead" || other.ended !== undefined ? "dead" : "alive";
  }
}

/** An event in one line. */
function toldOf({ job: _job, run: _run, at: _at, ...body }: RunEvent): string {
  return JSON.stringify(body);
}

function ownerOf({ name }: SimulatedProcess): LeaseOwner {
  return { id: name, host: "simulated", pid: Number(name.slice(1)), machine: "simulated", processStart: name };
}
