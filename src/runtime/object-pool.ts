/**
 * A pool of things that are costly to make: connections, sessions, big buffers.
 *
 * Who asks waits in line. Supply is counted apart from demand: whatever becomes free first, a returned object or a new
 * one, goes to whoever has waited longest. An object is in one of four states: being made, idle, lent, or on its way out
 * (being reset, validated or destroyed); it takes one of the `max` places in all of them.
 */
import type { Clock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import { WaitQueue } from "./wait-queue.ts";

/** How an {@link ObjectPool} is made. */
export interface ObjectPoolOptions<T> {
  /** Used in messages. */
  readonly name: string;
  /** Makes an object; `signal` is aborted when the pool closes. A failure rejects the acquire that has waited longest. */
  readonly create: (signal: AbortSignal) => T | Promise<T>;
  /** Prepares a returned object for its next borrower; one that fails is destroyed. */
  readonly reset?: (value: T) => void | Promise<void>;
  /** Asked before an idle object is lent again; one that is not valid is destroyed and replaced. */
  readonly validate?: (value: T) => boolean | Promise<boolean>;
  /** Ends an object; its place is free once this has settled. */
  readonly destroy?: (value: T) => void | Promise<void>;
  /** Objects made at the start; 0 by default. */
  readonly initial?: number;
  /** Objects at most. */
  readonly max: number;
  /** An object idle for this long is destroyed, milliseconds. */
  readonly idleTimeoutMs?: number;
  /** An object of this age is not lent again, milliseconds. */
  readonly maxLifetimeMs?: number;
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

/** What an {@link ObjectPool} holds at this moment. */
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

/** One object and what is known of it. */
interface Item<T> {
  readonly value: T;
  /** Monotonic milliseconds. */
  readonly createdAt: number;
  idleSince: number;
}

/** What a pool does at the end of a lease. */
interface LeaseEnds {
  release(): Promise<void>;
  discard(reason: unknown): Promise<void>;
}

/** A borrowed object: `using lease = await pool.acquire()` gives it back at the end of the block. */
export class Lease<T> implements Disposable, AsyncDisposable {
  readonly #value: T;
  readonly #ends: LeaseEnds;
  readonly #pool: string;
  #held = true;

  /** Made by {@link ObjectPool} only. */
  constructor(pool: string, value: T, ends: LeaseEnds) {
    this.#pool = pool;
    this.#value = value;
    this.#ends = ends;
  }

  /**
   * The object.
   *
   * @throws MillraceError INVARIANT after the release
   */
  get value(): T {
    if (this.#held) return this.#value;
    throw new MillraceError("INVARIANT", `an object of pool "${this.#pool}" was used after its release`);
  }

  /**
   * Gives the object back. Resolves when it is reset and free for others, and never rejects.
   *
   * @throws MillraceError DOUBLE_RELEASE at once if it was given back before
   */
  release(): Promise<void> {
    this.#assertFirst();
    return this.#ends.release();
  }

  /**
   * Gives the object back to be destroyed, because it is known to be broken. Never rejects.
   *
   * @param reason told to `onError`
   * @throws MillraceError DOUBLE_RELEASE at once if it was given back before
   */
  discard(reason?: unknown): Promise<void> {
    this.#assertFirst();
    return this.#ends.discard(reason);
  }

  /** Releases the object unless that was done. */
  [Symbol.dispose](): void {
    if (this.#held) void this.release();
  }

  /** Releases the object unless that was done, and waits until it is reset. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#held) await this.release();
  }

  #assertFirst(): void {
    if (!this.#held) {
      throw new MillraceError("DOUBLE_RELEASE", `an object of pool "${this.#pool}" was released twice`);
    }
    this.#held = false;
  }
}

/**
 * Lends objects of one kind.
 *
 * @example
 * const pool = new ObjectPool({ name: "buffers", create: () => new Uint8Array(65536), max: 4, clock: systemClock });
 * {
 *   using lease = await pool.acquire({ timeoutMs: 1000 });
 *   lease.value.fill(0);
 * }
 * await pool.close();
 */
export class ObjectPool<T> implements AsyncDisposable {
  readonly #options: ObjectPoolOptions<T>;
  /** The object returned last is at the end and is lent first, so that the surplus goes idle. */
  readonly #idle: Item<T>[] = [];
  readonly #waiters = new WaitQueue<Lease<T> | Promise<Lease<T>>>();
  readonly #closing = new AbortController();
  readonly #closed = Promise.withResolvers<void>();
  readonly #leaks: FinalizationRegistry<{ readonly item: Item<T>; readonly acquiredAt: string }>;
  #eviction: Disposable | undefined;
  #size = 0;
  #inUse = 0;
  /** Objects being made or validated, each of them meant for a waiter. */
  #coming = 0;
  #created = 0;
  #destroyed = 0;
  #hits = 0;

  /** @throws MillraceError INVARIANT when `max` or `initial` make no sense */
  constructor(options: ObjectPoolOptions<T>) {
    const { name, max, initial = 0 } = options;
    if (!(max >= 1) || !(initial >= 0 && initial <= max)) {
      throw new MillraceError("INVARIANT", `object pool "${name}": ${initial} objects to begin with, ${max} at most`);
    }
    this.#options = options;
    this.#leaks = new FinalizationRegistry(({ item, acquiredAt }) => this.#onLeak(item, acquiredAt));
    for (let i = 0; i < initial; i++) void this.#make();
  }

  get stats(): ObjectPoolStats {
    return {
      size: this.#size,
      idle: this.#idle.length,
      inUse: this.#inUse,
      waiting: this.#waiters.size,
      created: this.#created,
      destroyed: this.#destroyed,
      hits: this.#hits,
    };
  }

  /**
   * Borrows an object, in order of arrival.
   *
   * @throws MillraceError POOL_EXHAUSTED after `timeoutMs`, ABORTED when `signal` is aborted, CLOSED when the pool is
   *   closed; whatever `create` throws
   */
  async acquire({ timeoutMs, signal }: AcquireOptions = {}): Promise<Lease<T>> {
    if (this.#closing.signal.aborted) throw this.#closedError();
    if (timeoutMs === undefined) return this.#wait(signal);
    const timeout = new AbortController();
    using _timer = this.#options.clock.timer(timeoutMs, () => timeout.abort(this.#exhaustedError(timeoutMs)));
    return await this.#wait(signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal);
  }

  /**
   * Borrows an idle object if that needs no waiting; never makes one. An object whose `validate` is asynchronous cannot
   * be had in this way: it is checked and stays idle.
   */
  tryAcquire(): Lease<T> | undefined {
    while (this.#waiters.size === 0) {
      const item = this.#takeIdle();
      if (item === undefined) return undefined;
      const valid = this.#check(item);
      if (valid === true) return this.#lend(item, true);
      if (valid === false) void this.#end(item);
      else void this.#whenChecked(item, valid);
    }
    return undefined;
  }

  /**
   * Lends no more: waiting acquires reject with CLOSED, idle objects are destroyed. Resolves when every lease is back and
   * every object destroyed.
   */
  close(): Promise<void> {
    if (this.#closing.signal.aborted) return this.#closed.promise;
    this.#closing.abort(this.#closedError());
    this.#waiters.failAll(this.#closedError());
    this.#eviction?.[Symbol.dispose]();
    for (const item of this.#idle.splice(0)) void this.#end(item);
    if (this.#size === 0) this.#closed.resolve();
    return this.#closed.promise;
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #wait(signal: AbortSignal | undefined): Promise<Lease<T>> {
    const lease = this.#waiters.wait(undefined, signal);
    this.#supply();
    return await lease;
  }

  /** Sees to it that as many objects are on their way as there are waiters, as far as objects and places reach. */
  #supply(): void {
    while (this.#waiters.size > this.#coming) {
      const item = this.#takeIdle();
      if (item) this.#offer(item);
      else if (this.#size < this.#options.max && !this.#closing.signal.aborted) void this.#make();
      else return;
    }
  }

  #offer(item: Item<T>): void {
    const valid = this.#check(item);
    if (valid === true) this.#hand(item, true);
    else if (valid === false) void this.#end(item);
    else void this.#whenChecked(item, valid);
  }

  async #whenChecked(item: Item<T>, check: Promise<boolean>): Promise<void> {
    this.#coming++;
    const valid = await check;
    this.#coming--;
    if (valid) this.#hand(item, true);
    else await this.#end(item);
  }

  async #make(): Promise<void> {
    this.#size++;
    this.#coming++;
    try {
      const value = await this.#options.create(this.#closing.signal);
      this.#coming--;
      this.#created++;
      const now = this.#options.clock.monotonic();
      this.#hand({ value, createdAt: now, idleSince: now }, false);
    } catch (error) {
      this.#coming--;
      this.#size--;
      // Where others are on their way for all who wait, nobody needs to be told.
      if (this.#waiters.size > this.#coming) this.#waiters.succeedHead(Promise.reject(error));
      else this.#options.onError?.(error, "create");
      this.#onPlaceFree();
    }
  }

  /** Gives a fresh or validated object to the first in line, or lays it up. */
  #hand(item: Item<T>, used: boolean): void {
    if (this.#closing.signal.aborted) void this.#end(item);
    else if (this.#waiters.size > 0) this.#waiters.succeedHead(this.#lend(item, used));
    else this.#layUp(item);
  }

  #lend(item: Item<T>, used: boolean): Lease<T> {
    this.#inUse++;
    if (used) this.#hits++;
    const lease = new Lease(this.#options.name, item.value, {
      release: () => this.#takeBack(item),
      discard: (reason) => this.#discard(item, reason),
    });
    if (this.#options.onLeak) this.#leaks.register(lease, { item, acquiredAt: stackHere() }, item);
    return lease;
  }

  #discard(item: Item<T>, reason: unknown): Promise<void> {
    this.#noteReturn(item);
    if (reason !== undefined) this.#options.onError?.(reason, "discard");
    return this.#end(item);
  }

  #noteReturn(item: Item<T>): void {
    this.#leaks.unregister(item);
    this.#inUse--;
  }

  async #takeBack(item: Item<T>): Promise<void> {
    this.#noteReturn(item);
    try {
      await this.#options.reset?.(item.value);
    } catch (error) {
      this.#options.onError?.(error, "reset");
      return this.#end(item);
    }
    if (this.#closing.signal.aborted || this.#isOld(item)) return this.#end(item);
    this.#layUp(item);
    this.#supply();
  }

  async #end(item: Item<T>): Promise<void> {
    try {
      await this.#options.destroy?.(item.value);
    } catch (error) {
      this.#options.onError?.(error, "destroy");
    }
    this.#destroyed++;
    this.#size--;
    this.#onPlaceFree();
  }

  #onPlaceFree(): void {
    this.#supply();
    if (this.#closing.signal.aborted && this.#size === 0) this.#closed.resolve();
  }

  #check(item: Item<T>): boolean | Promise<boolean> {
    const refuse = (error: unknown): false => {
      this.#options.onError?.(error, "validate");
      return false;
    };
    try {
      const valid = this.#options.validate?.(item.value) ?? true;
      return typeof valid === "boolean" ? valid : valid.catch(refuse);
    } catch (error) {
      return refuse(error);
    }
  }

  #takeIdle(): Item<T> | undefined {
    this.#evict();
    return this.#idle.pop();
  }

  #layUp(item: Item<T>): void {
    item.idleSince = this.#options.clock.monotonic();
    this.#idle.push(item);
    this.#planEviction();
  }

  #isOld(item: Item<T>): boolean {
    return this.#dueAt({ ...item, idleSince: Infinity }) <= this.#options.clock.monotonic();
  }

  /** When an idle object is to be destroyed, monotonic milliseconds. */
  #dueAt({ createdAt, idleSince }: Item<T>): number {
    const { idleTimeoutMs = Infinity, maxLifetimeMs = Infinity } = this.#options;
    return Math.min(idleSince + idleTimeoutMs, createdAt + maxLifetimeMs);
  }

  #planEviction(): void {
    this.#eviction?.[Symbol.dispose]();
    this.#eviction = undefined;
    const due = Math.min(...this.#idle.map((item) => this.#dueAt(item)));
    if (due === Infinity) return;
    const { clock } = this.#options;
    this.#eviction = clock.timer(Math.max(0, due - clock.monotonic()), () => {
      this.#eviction = undefined;
      this.#evict();
      this.#planEviction();
    });
  }

  #evict(): void {
    const now = this.#options.clock.monotonic();
    for (let i = this.#idle.length - 1; i >= 0; i--) {
      const item = this.#idle[i];
      if (item === undefined || this.#dueAt(item) > now) continue;
      this.#idle.splice(i, 1);
      void this.#end(item);
    }
  }

  #onLeak(item: Item<T>, acquiredAt: string): void {
    this.#inUse--;
    this.#options.onLeak?.({ pool: this.#options.name, acquiredAt });
    void this.#end(item);
  }

  #exhaustedError(timeoutMs: number): MillraceError {
    const { name, max } = this.#options;
    const others = this.#waiters.size - 1;
    return new MillraceError(
      "POOL_EXHAUSTED",
      `object pool "${name}": none of its ${max} objects came free within ${timeoutMs} ms, ${others} others wait; ` +
        "release leases sooner, raise max or wait longer",
      { details: { pool: name, max, inUse: this.#inUse, waiting: others } },
    );
  }

  #closedError(): MillraceError {
    return new MillraceError("CLOSED", `object pool "${this.#options.name}" is closed`);
  }
}

function stackHere(): string {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder);
  return holder.stack ?? "";
}
