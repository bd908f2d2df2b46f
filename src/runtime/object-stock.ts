/**
 * The supply side of an object pool: makes objects, keeps the idle ones, sees whether they are still of use, and ends
 * them. Each takes one of the pool's places from the begin of its making to the end of its destruction.
 */
import { IdleObjects, type PooledObject } from "./idle-objects.ts";
import type { ObjectPoolOptions, PoolLimits } from "./object-pool-options.ts";

/** The part of its lifetime that an object may lack. */
const LIFE_JITTER = 0.1;

/** The objects of one pool. */
export class ObjectStock<T> {
  readonly #options: ObjectPoolOptions<T>;
  readonly #idle: IdleObjects<T>;
  readonly #onPlaceFree: () => void;
  #size = 0;
  #created = 0;
  #destroyed = 0;

  /** @param onPlaceFree an object has ended; not called after a failed {@link make}, whose caller is told anyway */
  constructor(options: ObjectPoolOptions<T>, onPlaceFree: () => void) {
    this.#options = options;
    this.#idle = new IdleObjects(options, options.clock, (object) => void this.end(object));
    this.#onPlaceFree = onPlaceFree;
  }

  /** Places taken. */
  get size(): number {
    return this.#size;
  }

  /** Objects laid up. */
  get idle(): number {
    return this.#idle.size;
  }

  /** Objects ever made. */
  get created(): number {
    return this.#created;
  }

  /** Objects ever ended. */
  get destroyed(): number {
    return this.#destroyed;
  }

  /** Holds to other limits what it has and makes; what is idle beyond them ends. */
  adjust(limits: PoolLimits): void {
    this.#idle.adjust(limits);
    // An end frees its place only later.
    for (let surplus = this.#size - limits.max; surplus > 0; surplus--) {
      const object = this.#idle.take();
      if (object === undefined) return;
      void this.end(object);
    }
  }

  /** Makes an object; throws what `create` throws, and the place is free again by then. */
  async make(signal: AbortSignal): Promise<PooledObject<T>> {
    this.#size++;
    try {
      const { create, random, clock } = this.#options;
      const value = await create(signal);
      this.#created++;
      const now = clock.monotonic();
      const lifeShare = 1 - LIFE_JITTER * (random?.() ?? 0);
      return { value, createdAt: now, lifeShare, idleSince: now };
    } catch (error) {
      this.#size--;
      throw error;
    }
  }

  /** Keeps an object until it is taken or due. */
  layUp(object: PooledObject<T>): void {
    this.#idle.layUp(object);
  }

  /** Takes the object laid up last. */
  takeIdle(): PooledObject<T> | undefined {
    return this.#idle.take();
  }

  /** Whether an idle object may be lent; at once where `validate` answers at once. */
  check(object: PooledObject<T>): boolean | Promise<boolean> {
    const refuse = (error: unknown): false => {
      this.#options.onError?.(error, "validate");
      return false;
    };
    try {
      const { validate, clock } = this.#options;
      const valid = validate?.(object.value, clock.monotonic() - object.idleSince) ?? true;
      return typeof valid === "boolean" ? valid : valid.catch(refuse);
    } catch (error) {
      return refuse(error);
    }
  }

  /** Prepares a returned object for its next borrower; false when that fails or the object is too old for one. */
  async renew(object: PooledObject<T>): Promise<boolean> {
    try {
      await this.#options.reset?.(object.value);
    } catch (error) {
      this.#options.onError?.(error, "reset");
      return false;
    }
    return !this.#idle.isOld(object);
  }

  /** Ends an object and frees its place. Never rejects. */
  async end(object: PooledObject<T>): Promise<void> {
    try {
      await this.#options.destroy?.(object.value);
    } catch (error) {
      this.#options.onError?.(error, "destroy");
    }
    this.#destroyed++;
    this.#size--;
    this.#onPlaceFree();
  }

  /** Ends every idle object. */
  endIdle(): void {
    for (const object of this.#idle.takeAll()) void this.end(object);
  }
}
