/**
 * A pool of things that are costly to make: connections, sessions, big buffers.
 *
 * Who asks waits in line. Supply is counted apart from demand: whatever becomes free first, a returned object or a new
 * one, goes to whoever has waited longest. An object is in one of four states: being made, idle, lent, or on its way out
 * (being reset, validated or destroyed); it takes one of the `max` places in all of them.
 */
import { MillraceError } from "../core/errors.ts";
import type { PooledObject } from "./idle-objects.ts";
import { LeakWatch } from "./leak-watch.ts";
import type { AcquireOptions, ObjectPoolOptions, ObjectPoolStats, PoolLimits } from "./object-pool-options.ts";
import { ObjectStock } from "./object-stock.ts";
import { Lease } from "./pool-lease.ts";
import { WaitQueue } from "./wait-queue.ts";

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
  readonly #stock: ObjectStock<T>;
  readonly #waiters = new WaitQueue<Lease<T> | Promise<Lease<T>>>();
  readonly #leaks: LeakWatch<PooledObject<T>> | undefined;
  readonly #closing = new AbortController();
  readonly #closed = Promise.withResolvers<void>();
  #max: number;
  #inUse = 0;
  /** Objects being made or validated, each of them meant for a waiter. */
  #coming = 0;
  #hits = 0;

  /** @throws MillraceError INVARIANT when `max` or `initial` make no sense */
  constructor(options: ObjectPoolOptions<T>) {
    const { name, max, initial = 0, onLeak } = options;
    if (!(max >= 1) || !(initial >= 0 && initial <= max)) {
      throw new MillraceError("INVARIANT", `object pool "${name}": ${initial} objects to begin with, ${max} at most`);
    }
    this.#options = options;
    this.#max = max;
    this.#stock = new ObjectStock(options, () => this.#onPlaceFree());
    this.#leaks =
      onLeak &&
      new LeakWatch((object, acquiredAt) => {
        this.#inUse--;
        onLeak({ pool: name, acquiredAt });
        void this.#stock.end(object);
      });
    for (let i = 0; i < initial; i++) void this.#make();
  }

  get stats(): ObjectPoolStats {
    const { size, idle, created, destroyed } = this.#stock;
    return { size, idle, inUse: this.#inUse, waiting: this.#waiters.size, created, destroyed, hits: this.#hits };
  }

  /** Objects at most. */
  get max(): number {
    return this.#max;
  }

  /** Whether an acquire would wait until somebody gives an object back. */
  get isExhausted(): boolean {
    const { idle, size } = this.#stock;
    return this.#waiters.size >= this.#coming + idle + Math.max(0, this.#max - size);
  }

  /**
   * Holds the pool to other limits from now on. What is idle beyond a lower `max` is destroyed at once, what is lent when
   * it comes back.
   */
  adjust(limits: PoolLimits): void {
    this.#max = limits.max;
    this.#stock.adjust(limits);
    this.#supply();
  }

  /** Destroys what is idle: what has befallen one object may have befallen all. */
  endIdle(): void {
    this.#stock.endIdle();
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
      const object = this.#stock.takeIdle();
      if (object === undefined) return undefined;
      const valid = this.#stock.check(object);
      if (valid === true) return this.#lend(object, true);
      if (valid === false) void this.#stock.end(object);
      else void this.#whenChecked(object, valid);
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
    this.#stock.endIdle();
    if (this.#stock.size === 0) this.#closed.resolve();
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
      const object = this.#stock.takeIdle();
      if (object) this.#offer(object);
      else if (this.#stock.size < this.#max && !this.#closing.signal.aborted) void this.#make();
      else return;
    }
  }

  #offer(object: PooledObject<T>): void {
    const valid = this.#stock.check(object);
    if (valid === true) this.#hand(object, true);
    else if (valid === false) void this.#stock.end(object);
    else void this.#whenChecked(object, valid);
  }

  async #whenChecked(object: PooledObject<T>, check: Promise<boolean>): Promise<void> {
    this.#coming++;
    const valid = await check;
    this.#coming--;
    if (valid) this.#hand(object, true);
    else await this.#stock.end(object);
  }

  async #make(): Promise<void> {
    this.#coming++;
    try {
      const object = await this.#stock.make(this.#closing.signal);
      this.#coming--;
      this.#hand(object, false);
    } catch (error) {
      this.#coming--;
      // Where others are on their way for all who wait, nobody needs to be told.
      if (this.#waiters.size > this.#coming) this.#waiters.succeedHead(Promise.reject(error));
      else this.#options.onError?.(error, "create");
      this.#onPlaceFree();
    }
  }

  /** Gives a fresh or validated object to the first in line, or lays it up. */
  #hand(object: PooledObject<T>, used: boolean): void {
    if (this.#closing.signal.aborted) void this.#stock.end(object);
    else if (this.#waiters.size > 0) this.#waiters.succeedHead(this.#lend(object, used));
    else this.#stock.layUp(object);
  }

  #lend(object: PooledObject<T>, used: boolean): Lease<T> {
    this.#inUse++;
    if (used) this.#hits++;
    const lease = new Lease(this.#options.name, object.value, {
      release: () => this.#takeBack(object),
      discard: (reason) => this.#discard(object, reason),
    });
    this.#leaks?.watch(lease, object);
    return lease;
  }

  #discard(object: PooledObject<T>, reason: unknown): Promise<void> {
    this.#noteReturn(object);
    if (reason !== undefined) this.#options.onError?.(reason, "discard");
    return this.#stock.end(object);
  }

  #noteReturn(object: PooledObject<T>): void {
    this.#leaks?.forget(object);
    this.#inUse--;
  }

  async #takeBack(object: PooledObject<T>): Promise<void> {
    this.#noteReturn(object);
    const isFit = await this.#stock.renew(object);
    if (!isFit || this.#closing.signal.aborted || this.#stock.size > this.#max) return this.#stock.end(object);
    this.#stock.layUp(object);
    this.#supply();
  }

  #onPlaceFree(): void {
    this.#supply();
    if (this.#closing.signal.aborted && this.#stock.size === 0) this.#closed.resolve();
  }

  #exhaustedError(timeoutMs: number): MillraceError {
    const { name } = this.#options;
    const max = this.#max;
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
