/** What an object pool is made of, and what it tells. */
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";

/** How much an `ObjectPool` may hold, and for how long. */
export interface PoolLimits {
  /** Objects at most. */
  readonly max: number;
  /** An object idle for this long is destroyed, milliseconds. */
  readonly idleTimeoutMs?: number;
  /** An object of this age is not lent again, milliseconds. */
  readonly maxLifetimeMs?: number;
}

/** How an `ObjectPool` is made. */
export interface ObjectPoolOptions<T> extends PoolLimits {
  /** Used in messages. */
  readonly name: string;
  /** Makes an object; `signal` is aborted when the pool closes. A failure rejects the acquire that has waited longest. */
  readonly create: (signal: AbortSignal) => T | Promise<T>;
  /** Prepares a returned object for its next borrower; one that fails is destroyed. */
  readonly reset?: (value: T) => void | Promise<void>;
  /**
   * Asked before an idle object is lent again; one that is not valid is destroyed and replaced.
   *
   * @param idleMs for how long nobody had it, milliseconds
   */
  readonly validate?: (value: T, idleMs: number) => boolean | Promise<boolean>;
  /** Ends an object; its place is free once this has settled. */
  readonly destroy?: (value: T) => void | Promise<void>;
  /** Objects made at the start; 0 by default. */
  readonly initial?: number;
  /** Makes lifetimes up to a tenth shorter, so that what was made at once does not end at once; all alike when absent. */
  readonly random?: Random;
  readonly clock: Clock;
  /** A lease was garbage-collected before its release. The object is destroyed, for somebody may still hold it. */
  readonly onLeak?: (leak: PoolLeak) => void;
  /** What nobody waits for: a failed reset, validate or destroy, a failed create whose acquire gave up, a discard. */
  readonly onError?: (error: unknown, step: PoolStep) => void;
}

/** A step of an object's life at which it may turn out to be of no use. */
export type PoolStep = "create" | "reset" | "validate" | "discard" | "destroy";

/** A lease that was never released. */
export interface PoolLeak {
  readonly pool: string;
  /** The stack of the acquire. */
  readonly acquiredAt: string;
}

/** How long an acquire may wait. */
export interface AcquireOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What an `ObjectPool` holds at this moment. */
export interface ObjectPoolStats {
  /** Places taken: idle, lent, and on their way in or out. */
  readonly size: number;
  readonly idle: number;
  readonly inUse: number;
  /** Acquires that wait. */
  readonly waiting: number;
  /** Objects ever made. */
  readonly created: number;
  /** Objects ever ended. */
  readonly destroyed: number;
  /** Leases of an object that had been lent or made before. */
  readonly hits: number;
}
