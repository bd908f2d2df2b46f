/**
 * Requests on their way: so many in flight, some more that wait, and an order among those that share a key. A request
 * begins when every earlier one that shares one of its keys has ended.
 */
import type { Request } from "./rows.ts";

/** What a {@link RequestQueue} needs. */
export interface RequestQueueOptions {
  /** Requests that may be in flight just now. */
  readonly limit: () => number;
  /** Requests that may be here, those in flight included. */
  readonly room: number;
  /** Brings one to its end, however that is; never rejects. */
  readonly send: (request: Request) => Promise<void>;
}

interface Entry {
  readonly request: Request;
  readonly keys: ReadonlySet<string>;
  /** Earlier ones that it waits for. */
  before: number;
  /** Later ones that wait for it. */
  readonly after: Entry[];
}

const NO_KEYS: ReadonlySet<string> = new Set();

/** One unit's requests. */
export class RequestQueue {
  readonly #options: RequestQueueOptions;
  /** Those that wait for nothing but a place in flight. */
  #ready: Entry[] = [];
  /** How many of `#ready` have begun already. */
  #begun = 0;
  /** The last entry of each key. */
  readonly #last = new Map<string, Entry>();
  readonly #waiters = new Set<() => void>();
  #held = 0;
  #inFlight = 0;
  #stopped = false;

  constructor(options: RequestQueueOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get isFull(): boolean {
    return this.#held >= this.#options.room && !this.#stopped;
  }

  add(request: Request): void {
    if (this.#stopped) return;
    this.#held++;
    const entry: Entry = { request, keys: keysOf(request), before: 0, after: [] };
    for (const key of entry.keys) {
      const earlier = this.#last.get(key);
      if (earlier !== undefined) {
        earlier.after.push(entry);
        entry.before++;
      }
      this.#last.set(key, entry);
    }
    if (entry.before > 0) return;
    this.#ready.push(entry);
    this.#begin();
  }

  /** Resolves when half of the room is free, or nothing will be sent any more: a caller a request would be woken too often. */
  room(): Promise<void> {
    return this.#until(() => this.#stopped || this.#held <= this.#options.room / 2);
  }

  /** Resolves when everything has ended; after `stop`, what was in flight. */
  idle(): Promise<void> {
    return this.#until(() => this.#inFlight === 0 && (this.#stopped || this.#held === 0));
  }

  /** Begins nothing any more, and drops what waits. */
  stop(): void {
    this.#stopped = true;
    this.#ready = [];
    this.#begun = 0;
    this.#last.clear();
    this.#wake();
  }

  /** The limit may have changed. */
  readonly #begin = (): void => {
    while (this.#begun < this.#ready.length && this.#inFlight < this.#options.limit()) {
      const entry = this.#ready[this.#begun++] as Entry;
      this.#inFlight++;
      void this.#options.send(entry.request).then(() => this.#end(entry));
    }
    // Shifting one after another would move all the others each time.
    if (this.#begun > this.#options.room) {
      this.#ready = this.#ready.slice(this.#begun);
      this.#begun = 0;
    }
  };

  #end({ keys, after }: Entry): void {
    this.#inFlight--;
    this.#held--;
    for (const next of after) if (--next.before === 0 && !this.#stopped) this.#ready.push(next);
    if (keys.size > 0) this.#forget(keys);
    this.#begin();
    this.#wake();
  }

  /** A key whose last request has ended holds nobody up. */
  #forget(keys: ReadonlySet<string>): void {
    for (const key of keys) if (this.#last.get(key)?.keys === keys) this.#last.delete(key);
  }

  #until(isSo: () => boolean): Promise<void> {
    if (isSo()) return Promise.resolve();
    return new Promise((resolve) => {
      const check = (): void => {
        if (!isSo()) return;
        this.#waiters.delete(check);
        resolve();
      };
      this.#waiters.add(check);
    });
  }

  #wake(): void {
    for (const check of this.#waiters) check();
  }
}

function keysOf({ rows }: Request): ReadonlySet<string> {
  const [only] = rows;
  if (rows.length === 1 && only !== undefined) return only.order === null ? NO_KEYS : new Set([only.order]);
  return new Set(rows.flatMap(({ order }) => order ?? []));
}
