/** The slots of one job on their way: planned as they come due, taken one by one, ended by what came of their runs. */
import { type Clock, sleep } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import type { HostEvent } from "../core/ports/runtime-events.ts";
import { OPEN_SLOTS, type ScheduleStore, type SlotEnd, type SlotRow } from "../core/ports/schedule-store.ts";
import type { Launcher, SlotOutcome } from "./launcher.ts";
import { decide, type SlotDecision } from "./overlap.ts";
import { plannedSlots } from "./planned-slots.ts";
import type { SlotRules } from "./slot-rules.ts";
import type { SlotSource } from "./slot-source.ts";

/** What is scheduled. */
export interface ScheduledJob {
  readonly job: string;
  /** Tells two versions of the job apart. */
  readonly version: string;
  readonly source: SlotSource;
  readonly rules: SlotRules;
}

/** What schedules work with. */
export interface ScheduleWorld {
  readonly store: ScheduleStore;
  readonly launcher: Launcher;
  readonly clock: Clock;
  readonly emit: (event: HostEvent) => void;
}

/** Where the store or a source failed, the next look is after this, milliseconds. */
const TROUBLE_MS = 5_000;
/** The end of a run is written down until it is written down, with this between two tries, milliseconds. */
const WRITE_AGAIN_MS = 1_000;
/** Open slots that are looked at in one go. */
const LOOKED_AT = 1_000;

/**
 * Nothing that matters is kept here. A process that dies at any step leaves rows behind that tell the next one what to do:
 * the cursor what is planned, a `due` slot what is to be started, a `started` one without a lease what is to be gone on with.
 */
export class JobSchedule {
  readonly #scheduled: ScheduledJob;
  readonly #world: ScheduleWorld;
  /** The slots that are run here, and how a later one ends them. */
  readonly #running = new Map<string, AbortController>();
  readonly #runs = new Set<Promise<void>>();
  readonly #stopped = new AbortController();
  #wake: Disposable | undefined;
  #nextAt: number | null = 0;
  #lookedAt = 0;
  #paused = false;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  /** The slot before which a failed one was tried again. */
  #triedBefore: string | undefined;

  constructor(scheduled: ScheduledJob, world: ScheduleWorld) {
    this.#scheduled = scheduled;
    this.#world = world;
    this.#wake = scheduled.source.wake?.(() => void this.look());
  }

  /** When something is to be done next, milliseconds since 1970; null: when it is told. */
  get nextAt(): number | null {
    return this.#nextAt;
  }

  /** Whether a look now and then is needed to see that somebody else lets it go on. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Whether this is the schedule of a job as it is given. */
  is({ version }: ScheduledJob): boolean {
    return version === this.#scheduled.version;
  }

  /** Whether it is to be looked at. @param now milliseconds since 1970; a clock that was set back makes it look, too */
  isDue(now: number): boolean {
    return this.#nextAt !== null && (this.#nextAt <= now || now < this.#lookedAt);
  }

  /** Whether this process is at a slot. */
  isRunning(slot: string): boolean {
    return this.#running.has(slot);
  }

  /** Plans and starts what is due. Never rejects: what fails is told, and tried again. */
  look(): Promise<void> {
    this.#lookAgain = true;
    this.#looking ??= this.#lookWhileAsked().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Starts nothing any more. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#wake?.[Symbol.dispose]();
    this.#wake = undefined;
    await this.#looking;
  }

  /** Waits until all that was started here has ended and is written down. */
  async settled(): Promise<void> {
    while (this.#runs.size > 0) await Promise.all(this.#runs);
  }

  async #lookWhileAsked(): Promise<void> {
    while (this.#lookAgain && !this.#stopped.signal.aborted) {
      this.#lookAgain = false;
      try {
        await this.#plan();
        if (!this.#paused) await this.#startDue();
      } catch (thrown) {
        this.#tellTrouble(thrown);
        this.#lookedAt = this.#world.clock.now();
        this.#nextAt = this.#lookedAt + TROUBLE_MS;
      }
    }
  }

  /** Keeps what came due, until nothing has. */
  async #plan(): Promise<void> {
    const { store, clock, emit } = this.#world;
    const { job, source, rules } = this.#scheduled;
    for (;;) {
      const row = await store.findSchedule(job);
      this.#paused = row != null && row.paused !== null;
      const now = clock.now();
      this.#nextAt = null;
      this.#lookedAt = now;
      if (this.#paused) return;
      const known = row?.fingerprint === source.fingerprint ? row.cursor : null;
      const due = known === null ? { slots: [], cursor: await source.start(now) } : await source.due(known, now);
      if (due.cursor === known) {
        this.#nextAt = source.next(known, now);
        return;
      }
      const { trigger, fingerprint } = source;
      const slots = plannedSlots(due.slots, { now, trigger, rules });
      // Where somebody else has planned them the row is read again.
      if (!(await store.planSlots(job, row?.cursor ?? null, { fingerprint, cursor: due.cursor }, slots, now))) continue;
      for (const slot of slots) emit({ kind: "slot", job, ...slot, at: now, run: null });
    }
  }

  /** Goes on with what was left, then decides about each slot that is due. */
  async #startDue(): Promise<void> {
    const { store, launcher, clock } = this.#world;
    const { job, rules } = this.#scheduled;
    const open = await store.listSlots({ job, states: OPEN_SLOTS, oldestFirst: true, limit: LOOKED_AT });
    let underWay = 0;
    for (const slot of open.filter(({ state }) => state === "started")) {
      const isElsewhere = !this.isRunning(slot.slot) && (await launcher.isUnderWay(job, slot.slot));
      if (isElsewhere || this.isRunning(slot.slot) || (await this.#take(slot, false))) underWay++;
    }
    let waiting = 0;
    for (const slot of open.filter(({ state }) => state === "due")) {
      const decision = decide(slot, { now: clock.now(), rules, underWay, waiting });
      const started = await this.#carryOut(decision, slot);
      if (started) underWay++;
      if (!started && decision.do !== "pass") waiting++;
    }
  }

  /** @returns whether a run was started */
  async #carryOut(decision: SlotDecision, slot: SlotRow): Promise<boolean> {
    switch (decision.do) {
      case "start":
        return await this.#start(slot);
      case "wait":
        if (decision.until !== undefined) this.#lookAt(decision.until);
        return false;
      case "cancelOthers":
        for (const superseded of this.#running.values()) superseded.abort(`slot ${slot.slot} takes its place`);
        return false;
      case "pass":
        await this.#end(slot, { ...decision, run: slot.run });
        return false;
    }
  }

  async #start(slot: SlotRow): Promise<boolean> {
    const { job, rules } = this.#scheduled;
    // Handed back because another process has its run.
    if (slot.attempt > 0 && (await this.#world.launcher.isUnderWay(job, slot.slot))) return false;
    const failed = await this.#failedBefore(slot);
    if (failed !== undefined) {
      this.#triedBefore = slot.slot;
      await this.#world.store.addSlots(job, [{ ...failed, state: "due", reason: null }], this.#world.clock.now());
      this.#lookAgain = true;
      return false;
    }
    return await this.#take(slot, rules.overlap !== "allow");
  }

  /** The slot that is tried again before another one is run: the one right before it, once. */
  async #failedBefore(slot: SlotRow): Promise<SlotRow | undefined> {
    const { job, rules } = this.#scheduled;
    if (rules.onFailure !== "resume" || slot.attempt > 0 || this.#triedBefore === slot.slot) return undefined;
    const ends = ["succeeded", "failed"] as const;
    const [last] = await this.#world.store.listSlots({ job, states: ends, before: slot.at, limit: 1 });
    return last?.state === "failed" ? last : undefined;
  }

  async #take(slot: SlotRow, alone: boolean): Promise<boolean> {
    const { job } = this.#scheduled;
    const taken = await this.#world.store.takeSlot({ job, slot: slot.slot, attempt: slot.attempt, alone });
    if (!taken) {
      // Somebody else was faster: look at it as it is now.
      this.#lookAgain = true;
      return false;
    }
    const run = this.#run({ ...slot, attempt: slot.attempt + 1 }).finally(() => this.#runs.delete(run));
    this.#runs.add(run);
    return true;
  }

  async #run(slot: SlotRow): Promise<void> {
    const { launcher, emit, clock } = this.#world;
    const { job } = this.#scheduled;
    const superseded = new AbortController();
    this.#running.set(slot.slot, superseded);
    emit({ kind: "slot", ...slot, at: clock.now(), state: "started", reason: null });
    const outcome = await launcher.launch(job, slot, superseded.signal);
    const end = withReason(outcome);
    await this.#writeUntilWritten(() => this.#end(slot, end));
    if (end.state === "failed") await this.#writeUntilWritten(() => this.#pauseIfAsked(slot, end.reason ?? ""));
    this.#running.delete(slot.slot);
    void this.look();
  }

  /** A store that is away is waited for: the slot would be run again otherwise. */
  async #writeUntilWritten(write: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await write();
      } catch (thrown) {
        this.#tellTrouble(thrown);
        const { signal } = this.#stopped;
        const isOver = await sleep(this.#world.clock, WRITE_AGAIN_MS, signal).then(
          () => false,
          () => true,
        );
        // Whoever comes next finds the slot started, its run's lease free, and the run succeeded or to be gone on with.
        if (isOver) return;
      }
    }
  }

  async #end(slot: SlotRow, end: Pick<SlotEnd, "state" | "reason" | "run">): Promise<void> {
    const { store, clock, emit } = this.#world;
    const { job, attempt } = slot;
    const now = clock.now();
    const isMine = await store.endSlot({ job, slot: slot.slot, attempt, ...end, now });
    if (isMine) emit({ kind: "slot", job, slot: slot.slot, trigger: slot.trigger, at: now, ...end });
  }

  async #pauseIfAsked({ slot }: SlotRow, reason: string): Promise<void> {
    const { store, clock, emit } = this.#world;
    const { job, rules } = this.#scheduled;
    if (rules.onFailure !== "pauseSchedule") return;
    const why = `slot ${slot} failed: ${reason}`;
    await store.pauseSchedule(job, why);
    emit({ kind: "job-paused", at: clock.now(), job, reason: why });
  }

  #lookAt(at: number): void {
    this.#nextAt = Math.min(this.#nextAt ?? at, at);
  }

  #tellTrouble(thrown: unknown): void {
    const { code, message } = MillraceError.from(thrown);
    this.#world.emit({ kind: "trouble", at: this.#world.clock.now(), job: this.#scheduled.job, code, message });
  }
}

function withReason(outcome: SlotOutcome): Pick<SlotEnd, "state" | "reason" | "run"> {
  return outcome.state === "succeeded" ? { ...outcome, reason: null } : outcome;
}
