/** Starts runs and knows those that are under way in this process. */
import type { Job } from "../config/job.ts";
import type { Clock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import type { HttpRoutes } from "../core/ports/http-routes.ts";
import type { RuntimeObserver } from "../core/ports/runtime-events.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import type { Random } from "../core/random.ts";
import { replayRejects } from "../pipeline/rejects/replay-rejects.ts";
import { runJob } from "../pipeline/run-job.ts";
import type { RunJobOptions } from "../pipeline/run-options.ts";
import type { SharedWorld } from "../pipeline/shared-world.ts";
import { ActiveRun, type Start, type StopKind } from "./active-run.ts";

/** What all runs have in common. */
export interface DeskWorld {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly shared: SharedWorld;
  readonly emit: RuntimeObserver;
  /** Where jobs may offer addresses; undefined where no HTTP server is on. */
  readonly routes: () => HttpRoutes | undefined;
}

/** What a run is started with. */
export interface RunWish {
  readonly trigger: string;
  readonly slot?: string | null;
  readonly params?: { readonly [name: string]: string };
  /** As for `runJob`. */
  readonly once?: boolean;
}

/** Which rejects are run again. */
export interface ReplayWish {
  readonly run?: string;
  readonly stage?: string;
  readonly code?: string;
}

/** All the runs of a process. */
export class RunDesk {
  readonly #world: DeskWorld;
  readonly #active = new Set<ActiveRun>();
  #closed = false;

  constructor(world: DeskWorld) {
    this.#world = world;
  }

  /** Those under way, in the order in which they were started. */
  get active(): readonly ActiveRun[] {
    return [...this.#active];
  }

  /** Starts a run. @throws MillraceError CLOSED once nothing is started any more */
  begin(job: Job, { trigger, slot = null, params = {}, once = false }: RunWish): ActiveRun {
    const values = { params, ...(slot !== null && { slot }), trigger, once };
    return this.#start({ job, slot, trigger }, (options) => runJob(job, { ...this.#common(), ...values, ...options }));
  }

  /** Runs rejects again. @throws MillraceError as {@link begin} */
  replay(job: Job, wish: ReplayWish): ActiveRun {
    const given = wish as Parameters<typeof replayRejects>[1];
    return this.#start({ job, slot: null, trigger: "replay" }, (options) =>
      replayRejects(job, { ...given, ...this.#common(), ...options }),
    );
  }

  /** Asks a run to end. @returns false where it is not under way here */
  stop(id: string, kind: StopKind, why: string): boolean {
    const run = this.active.find((one) => one.id === id);
    run?.stop(kind, why);
    return run !== undefined;
  }

  /** Starts nothing any more and ends what is under way in order. */
  close(why: string): void {
    this.#closed = true;
    for (const run of this.#active) run.stop("stopping", why);
  }

  /** Waits until nothing is under way. */
  async settled(): Promise<void> {
    while (this.#active.size > 0) await Promise.all(this.active.map(({ ended }) => ended));
  }

  #common(): Pick<RunJobOptions, "state" | "clock" | "random" | "shared" | "routes"> {
    const { state, clock, random, shared } = this.#world;
    const routes = this.#world.routes();
    return { state, clock, random, shared, ...(routes && { routes }) };
  }

  #start(of: { readonly job: Job; readonly slot: string | null; readonly trigger: string }, start: Start): ActiveRun {
    if (this.#closed)
      throw new MillraceError("CLOSED", `${of.job.name}: nothing is started any more, the runtime stops`);
    const { emit: tell, clock } = this.#world;
    const run = new ActiveRun(of, { start, tell, clock });
    this.#active.add(run);
    void run.ended.then(() => this.#active.delete(run));
    return run;
  }
}
