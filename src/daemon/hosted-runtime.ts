/** The runtime at work: what its callers ask for, done by its parts. */
import type { Registry } from "prom-client";
import type { Job } from "../config/job.ts";
import { checkJobSet } from "../config/job-set.ts";
import { type Clock, sleep } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import { isLoopback } from "../core/loopback.ts";
import type { HostEvent, RuntimeEvent } from "../core/ports/runtime-events.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import type { Random } from "../core/random.ts";
import type { SuccessBell } from "../scheduling/success-bell.ts";
import type { Scheduler } from "../scheduling/scheduler.ts";
import type { ActiveRun } from "./active-run.ts";
import type { EventHub } from "./event-hub.ts";
import { HeldRoutes } from "./held-routes.ts";
import { JobStatuses } from "./job-statuses.ts";
import { jobVersion } from "./job-version.ts";
import { KeptRunning } from "./kept-running.ts";
import type { NextSlots } from "./next-slots.ts";
import { RunBook } from "./run-book.ts";
import type { ReplayWish, RunDesk } from "./run-desk.ts";
import type {
  JobStatus,
  RunObject,
  Runtime,
  RuntimeOptions,
  RunsWish,
  TriggeredRun,
  TriggerOptions,
} from "./runtime-api.ts";
import { isKeptRunning, schedulesOf } from "./schedules.ts";
import type { Telling } from "./telling.ts";
import { triggered } from "./triggered-run.ts";

/** Runs that are still at work after the deadline are stopped at once and waited for this long, milliseconds. */
const KILL_MS = 5_000;
/** Alerts that wait are posted for this long at most, milliseconds: a receiver that is away must not keep the process. */
const TELL_MS = 5_000;
const STOPPING = "the runtime stops";

/** The parts of a runtime. */
export interface RuntimeParts {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: Registry;
  readonly hub: EventHub;
  readonly desk: RunDesk;
  readonly scheduler: Scheduler;
  /** Rings when a run has succeeded here. */
  readonly bell: SuccessBell;
  readonly nextSlots: NextSlots;
  readonly telling: Telling;
}

/** See `createRuntime`. */
export class HostedRuntime implements Runtime {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly #parts: RuntimeParts;
  readonly #options: RuntimeOptions;
  readonly #opened: AsyncDisposableStack;
  readonly #book: RunBook;
  readonly #kept = new Map<string, KeptRunning>();
  #jobs: ReadonlyMap<string, Job>;
  #versions: ReadonlyMap<string, string> = new Map();
  #admin: { readonly url: string; close(wish: { readonly deadlineMs: number }): Promise<void> } | undefined;
  #routes: HeldRoutes | undefined;
  #phase: "made" | "started" | "stopping" = "made";
  #drained: Promise<boolean> | undefined;
  /** Aborted: a drain that is under way waits no longer. */
  readonly #hurry = new AbortController();

  constructor(parts: RuntimeParts, options: RuntimeOptions, opened: AsyncDisposableStack) {
    this.#parts = parts;
    this.#options = options;
    this.#opened = opened;
    this.state = parts.state;
    this.clock = parts.clock;
    this.registry = parts.registry;
    this.#book = new RunBook(parts);
    this.#jobs = new Map(options.jobs.map((job) => [job.name, job]));
  }

  get url(): string | null {
    return this.#admin?.url ?? null;
  }

  /** Where jobs offer addresses; undefined where no HTTP server is on. */
  get routes(): HeldRoutes | undefined {
    return this.#routes;
  }

  async isReady(): Promise<boolean> {
    if (this.#phase !== "started") return false;
    return await this.state.listRuns({ limit: 1 }).then(
      () => true,
      () => false,
    );
  }

  async start(): Promise<void> {
    if (this.#phase !== "made") throw new MillraceError("USAGE", "this runtime was started before; make another one");
    this.#phase = "started";
    const { admin } = this.#options;
    if (admin !== undefined) {
      const { serveAdmin } = await import("./http/server.ts");
      const report = (fault: unknown): void => this.#tellTrouble(fault);
      const server = await serveAdmin(this, { ...admin, clock: this.clock, report });
      this.#admin = server;
      this.#routes = new HeldRoutes(server.routes, !isLoopback(new URL(server.url).hostname.replace(/^\[|\]$/g, "")));
      this.#routes.hold([...this.#jobs.values()]);
    }
    this.#versions = await versionsOf([...this.#jobs.values()]);
    await this.#parts.telling.hold([...this.#jobs.values()]);
    await this.#hold();
    this.#parts.scheduler.start();
  }

  jobNamed(name: string): Job | undefined {
    return this.#jobs.get(name);
  }

  jobs(): Promise<readonly JobStatus[]> {
    return this.#statuses.of([...this.#jobs.values()]);
  }

  async status(name: string): Promise<JobStatus | undefined> {
    const job = this.#jobs.get(name);
    return job === undefined ? undefined : (await this.#statuses.of([job]))[0];
  }

  runs(wish: RunsWish): Promise<readonly RunObject[]> {
    return this.#book.list(wish);
  }

  run(id: string): Promise<RunObject | undefined> {
    return this.#book.find(id);
  }

  async trigger(name: string, { params = {}, slot }: TriggerOptions = {}): Promise<TriggeredRun> {
    const job = this.#known(name);
    // A slot is run once, whoever asks for it.
    const wish = { trigger: "manual", params, slot: slot ?? null, once: slot !== undefined };
    return (await triggered(this.#begin(() => this.#parts.desk.begin(job, wish)))) as TriggeredRun;
  }

  replay(name: string, wish: ReplayWish): Promise<TriggeredRun | null> {
    const job = this.#known(name);
    return triggered(this.#begin(() => this.#parts.desk.replay(job, wish)));
  }

  async pause(name: string, reason = "paused by hand"): Promise<void> {
    await this.#setPaused(name, reason);
  }

  async resume(name: string): Promise<void> {
    await this.#setPaused(name, null);
  }

  cancel(run: string): boolean {
    return this.#parts.desk.stop(run, "cancelled", "cancelled by hand");
  }

  events(signal?: AbortSignal): AsyncIterable<RuntimeEvent> {
    return this.#parts.hub.events(signal);
  }

  async reload(jobs: readonly Job[]): Promise<void> {
    checkJobSet(jobs);
    const before = this.#versions;
    const after = await versionsOf(jobs);
    const added = [...after.keys()].filter((name) => !before.has(name));
    const removed = [...before.keys()].filter((name) => !after.has(name));
    const changed = [...after].filter(([name, now]) => (before.get(name) ?? now) !== now).map(([name]) => name);
    this.#jobs = new Map(jobs.map((job) => [job.name, job]));
    this.#versions = after;
    if (this.#phase === "started") await this.#hold(new Set([...removed, ...changed]));
    this.#emit({ kind: "reloaded", at: this.clock.now(), added, changed, removed });
    await this.#parts.telling.hold(jobs).catch((thrown: unknown) => this.#tellTrouble(thrown));
  }

  refuseReload(message: string): void {
    this.#emit({ kind: "reload-refused", at: this.clock.now(), message });
  }

  drain(deadlineMs: number): Promise<boolean> {
    if (this.#drained === undefined) this.#drained = this.#drain(deadlineMs);
    else if (deadlineMs <= 0) this.#hurry.abort();
    return this.#drained;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain(0);
    await this.#opened.disposeAsync();
  }

  get #statuses(): JobStatuses {
    const keptFailed = (job: string): boolean => this.#kept.get(job)?.failed ?? false;
    return new JobStatuses({ ...this.#parts, book: this.#book, keptFailed });
  }

  /** Starts and ends what the jobs ask for. @param leave jobs whose old version ends what it keeps running */
  async #hold(leave: ReadonlySet<string> = new Set()): Promise<void> {
    const { desk, state: store, clock, random, hub, scheduler } = this.#parts;
    const leaving = [...this.#kept].filter(([name]) => leave.has(name));
    for (const [name] of leaving) this.#kept.delete(name);
    await Promise.all(leaving.map(([, kept]) => kept.stop("the job was changed")));
    const jobs = [...this.#jobs.values()];
    this.#routes?.hold(jobs);
    for (const job of jobs.filter((one) => isKeptRunning(one) && !this.#kept.has(one.name))) {
      const kept = new KeptRunning({ job, desk, store, clock, random, emit: hub.emit });
      this.#kept.set(job.name, kept);
      kept.start();
    }
    this.#parts.nextSlots.hold(jobs);
    await scheduler.set(schedulesOf(jobs, this.#versions, this.#parts));
  }

  async #setPaused(name: string, reason: string | null): Promise<void> {
    this.#known(name);
    await this.state.pauseSchedule(name, reason);
    this.#emit({ kind: "job-paused", at: this.clock.now(), job: name, reason });
    this.#kept.get(name)?.look();
    await this.#parts.scheduler.look(name);
  }

  #emit(event: HostEvent): void {
    this.#parts.hub.emit(event);
  }

  #tellTrouble(thrown: unknown): void {
    const { code, message } = MillraceError.from(thrown);
    this.#emit({ kind: "trouble", at: this.clock.now(), job: null, code, message });
  }

  #begin(begin: () => ActiveRun): ActiveRun {
    if (this.#phase === "made") throw new MillraceError("USAGE", "the runtime runs nothing before it is started");
    return begin();
  }

  #known(name: string): Job {
    const job = this.#jobs.get(name);
    if (job !== undefined) return job;
    const names = [...this.#jobs.keys()].join(", ");
    throw new MillraceError("JOB_UNKNOWN", `there is no job ${name} here; there are: ${names}`);
  }

  /** Readiness ends first, so that nobody sends anything more; the store is left open for what is being written down. */
  async #drain(deadlineMs: number): Promise<boolean> {
    const { hub, desk, scheduler, clock, telling } = this.#parts;
    this.#phase = "stopping";
    this.#emit({ kind: "stopping", at: clock.now(), deadlineMs });
    // All at once: a store that is slow to answer one of them must not keep runs from being told.
    const stopped = scheduler.stop();
    desk.close(STOPPING);
    const settled = Promise.all([
      desk.settled(),
      stopped.then(() => scheduler.settled()),
      ...[...this.#kept.values()].map((kept) => kept.stop()),
    ]);
    const inTime = await within(clock, deadlineMs, settled, this.#hurry.signal);
    if (!inTime) {
      for (const run of desk.active) run.kill(STOPPING);
      await within(clock, KILL_MS, settled);
    }
    await within(clock, TELL_MS, telling.flush(), this.#hurry.signal);
    hub.close();
    await this.#admin?.close({ deadlineMs: 1_000 });
    return inTime;
  }
}

async function versionsOf(jobs: readonly Job[]): Promise<ReadonlyMap<string, string>> {
  return new Map(await Promise.all(jobs.map(async (job) => [job.name, await jobVersion(job)] as const)));
}

/** Whether `work` is done in time. @param hurry ends the time before its end */
async function within(clock: Clock, limitMs: number, work: Promise<unknown>, hurry?: AbortSignal): Promise<boolean> {
  const late = new AbortController();
  const signal = hurry === undefined ? late.signal : AbortSignal.any([late.signal, hurry]);
  const timeout = sleep(clock, limitMs, signal).then(
    () => false,
    () => false,
  );
  const inTime = await Promise.race([work.then(() => true), timeout]);
  late.abort();
  return inTime;
}
