/** The objects of a pool that nobody has borrowed, and the end of those that lie for too long or grow too old. */
import type { Clock } from "../core/clock.ts";
import { MAX_TIMER_MS } from "./backoff.ts";
import type { PoolLimits } from "./object-pool-options.ts";

/** One object of a pool and what is known of it. */
export interface PooledObject<T> {
  readonly value: T;
  /** Monotonic milliseconds. */
  readonly createdAt: number;
  /** How much of the longest lifetime it has, from 0 to 1. */
  readonly lifeShare: number;
  idleSince: number;
}

/** For how long objects are kept. */
type IdleTimes = Pick<PoolLimits, "idleTimeoutMs" | "maxLifetimeMs">;

/** Keeps idle objects; one timer waits for the first of them that is due. */
export class IdleObjects<T> {
  readonly #clock: Clock;
  readonly #onDue: (object: PooledObject<T>) => void;
  /** The object laid up last is at the end and is taken first, so that the surplus goes idle. */
  readonly #objects: PooledObject<T>[] = [];
  #times: IdleTimes;
  #eviction: Disposable | undefined;

  /** @param onDue gets an object that was idle too long or is too old; it is no longer kept by then */
  constructor(times: IdleTimes, clock: Clock, onDue: (object: PooledObject<T>) => void) {
    this.#times = times;
    this.#clock = clock;
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#objects.length;
  }

  /** Holds them to other times. */
  adjust(times: IdleTimes): void {
    this.#times = times;
    this.#evict();
    this.#planEviction();
  }

  /** Whether an object has reached its lifetime. */
  isOld(object: PooledObject<T>): boolean {
    return this.#dueAt({ ...object, idleSince: Infinity }) <= this.#clock.monotonic();
  }

  /** Keeps an object, idle from now on. */
  layUp(object: PooledObject<T>): void {
    object.idleSince = this.#clock.monotonic();
    this.#objects.push(object);
    this.#planEviction();
  }

  /** Takes an object that is not due. */
  take(): PooledObject<T> | undefined {
    this.#evict();
    return this.#objects.pop();
  }

  /** Takes every object, due or not, and waits for none any more. */
  takeAll(): PooledObject<T>[] {
    this.#cancelEviction();
    return this.#objects.splice(0);
  }

  /** When an idle object is due, monotonic milliseconds. */
  #dueAt({ createdAt, lifeShare, idleSince }: PooledObject<T>): number {
    const { idleTimeoutMs = Infinity, maxLifetimeMs = Infinity } = this.#times;
    return Math.min(idleSince + idleTimeoutMs, createdAt + lifeShare * maxLifetimeMs);
  }

  #planEviction(): void {
    this.#cancelEviction();
    const due = Math.min(...this.#objects.map((object) => this.#dueAt(object)));
    if (due === Infinity) return;
    const delayMs = Math.min(Math.max(0, due - this.#clock.monotonic()), MAX_TIMER_MS);
    this.#eviction = this.#clock.timer(delayMs, () => {
      this.#eviction = undefined;
      this.#evict();
      this.#planEviction();
    });
  }

  #cancelEviction(): void {
    this.#eviction?.[Symbol.dispose]();
    this.#eviction = undefined;
  }

  #evict(): void {
    const now = this.#clock.monotonic();
    for (let i = this.#objects.length - 1; i >= 0; i--) {
      const object = this.#objects[i];
      if (object === undefined || this.#dueAt(object) > now) continue;
      this.#objects.splice(i, 1);
      this.#onDue(object);
    }
  }
}
