/** Holds the lease of a run's identity while it lasts, so that no second process works on it. */
import { type Clock, sleep } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import type { LeaseOutcome, LeaseOwner, StateStore } from "../core/ports/state-store.ts";

/** How long a lease holds without renewal, and how often it is renewed; milliseconds. */
const TTL_MS = 30_000;
const RENEW_MS = 10_000;
/** How often it is asked for while somebody waits for it. */
const ASK_AGAIN_MS = 1_000;

/** What a {@link RunLease} needs. */
export interface LeaseOptions {
  readonly state: StateStore;
  readonly job: string;
  readonly scope: string;
  readonly owner: LeaseOwner;
  /** Whether another owner's process still lives, as far as this one can tell. */
  readonly isAlive: (owner: LeaseOwner) => "alive" | "dead" | "unknown";
  readonly clock: Clock;
  /** Waits for whoever has it instead of giving up. */
  readonly wait?: LeaseWait;
}

/** How a lease is waited for. */
export interface LeaseWait {
  /** Ends the wait. */
  readonly signal: AbortSignal;
  /** Told of every owner that is waited for, once, and of the milliseconds for which its lease holds without renewal. */
  readonly tell: (owner: string, forMs: number) => void;
}

/** A lease that renews itself; `lost` is aborted when somebody else has it. */
export class RunLease implements AsyncDisposable {
  readonly #options: LeaseOptions;
  readonly #lost = new AbortController();
  #timer: Disposable | null = null;
  #renewing: Promise<void> = Promise.resolve();

  private constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /**
   * Takes the lease; that of a dead process is taken over at once.
   *
   * @throws MillraceError LEASE_HELD naming the owner, unless it is to be waited for
   * @throws MillraceError ABORTED naming the owner, once the wait is ended
   */
  static async acquire(options: LeaseOptions): Promise<RunLease> {
    const lease = new RunLease(options);
    const { job, clock, wait } = options;
    for (let told = ""; ; ) {
      const outcome = await lease.#take();
      if (outcome.granted) break;
      const { owner, until } = outcome;
      if (wait === undefined) throw heldError(job, owner, until - clock.now());
      if (owner.id !== told) wait.tell(describeOwner(owner), until - clock.now());
      told = owner.id;
      await sleep(clock, ASK_AGAIN_MS, wait.signal).catch((cause: unknown) => {
        throw new MillraceError("ABORTED", `${job}: waits no longer for ${describeOwner(owner)}`, { cause });
      });
    }
    lease.#schedule();
    return lease;
  }

  /** Aborted with FENCED once the lease belongs to somebody else. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Asks whether it is still this process's, who has reason to doubt it. One that somebody else had and gave back is not.
   *
   * @throws MillraceError FENCED when it is not; STATE_UNAVAILABLE
   */
  async confirm(): Promise<void> {
    const { state, job, scope, owner, clock } = this.#options;
    const found = await state.findLease({ job, scope }, clock.now());
    if (found?.owner.id === owner.id) return;
    const error = fencedError(job, found?.owner);
    this.#lost.abort(error);
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
    await this.#renewing;
    if (this.#lost.signal.aborted) return;
    const { state, job, scope, owner } = this.#options;
    // A store that is away just now must not turn a run that is over into an error: the lease runs out by itself.
    await state.releaseLease({ job, scope }, owner.id).catch(() => {});
  }

  async #take(): Promise<LeaseOutcome> {
    const outcome = await this.#ask(false);
    const isDead = !outcome.granted && this.#options.isAlive(outcome.owner) === "dead";
    return isDead ? this.#ask(true) : outcome;
  }

  #ask(steal: boolean): Promise<LeaseOutcome> {
    const { state, job, scope, owner, clock } = this.#options;
    return state.acquireLease({ job, scope }, owner, { now: clock.now(), ttlMs: TTL_MS }, steal);
  }

  #schedule(): void {
    this.#timer = this.#options.clock.timer(RENEW_MS, () => {
      this.#renewing = this.#renew();
    });
  }

  /** A store that cannot be asked just now is asked again: the compare-and-set keeps the data right meanwhile. */
  async #renew(): Promise<void> {
    const outcome = await this.#ask(false).catch(() => null);
    if (outcome !== null && !outcome.granted) return this.#lost.abort(fencedError(this.#options.job, outcome.owner));
    if (this.#timer !== null) this.#schedule();
  }
}

function describeOwner({ host, pid }: LeaseOwner): string {
  return `process ${pid} on ${host}`;
}

function heldError(job: string, owner: LeaseOwner, forMs: number): MillraceError {
  const seconds = Math.max(1, Math.ceil(forMs / 1000));
  return new MillraceError(
    "LEASE_HELD",
    `${job} is already being run by ${describeOwner(owner)}; its lease holds for another ${seconds} s unless it is renewed. --wait waits for its end`,
  );
}

/** @param owner undefined: whoever it was has given the lease back */
function fencedError(job: string, owner: LeaseOwner | undefined): MillraceError {
  const by = owner === undefined ? "another process" : describeOwner(owner);
  return new MillraceError("FENCED", `${job} was taken over by ${by}; this process writes no more`);
}
