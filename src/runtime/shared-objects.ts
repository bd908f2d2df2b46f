/** Objects that the runs of a process have in common, by key: made by the first, kept for the next. */
import type { Joined, LendingFigures, SharedObject, SharedObjects } from "../core/ports/shared-objects.ts";

interface Entry {
  readonly object: SharedObject;
  members: number;
}

/**
 * Keeps them until nobody uses them and they are empty; whoever joins or leaves looks after that, so no timer is set.
 *
 * @example
 * await using objects = new ObjectsInCommon();
 * await using joined = objects.join("connections of shop", () => openPool("shop"));
 * joined.object.lend();
 */
export class ObjectsInCommon implements SharedObjects, AsyncDisposable {
  readonly #entries = new Map<string, Entry>();

  join<T extends SharedObject>(key: string, make: () => T): Joined<T> {
    this.#sweep();
    let entry = this.#entries.get(key);
    if (entry === undefined) this.#entries.set(key, (entry = { object: make(), members: 0 }));
    entry.members++;
    const leave = this.#leaveOnce(entry);
    // One key belongs to one kind of object.
    return { object: entry.object as T, [Symbol.asyncDispose]: leave };
  }

  /** What those that lend have at this moment. */
  get figures(): readonly LendingFigures[] {
    return [...this.#entries.values()].flatMap(({ object }) => object.figures ?? []);
  }

  /** Lets go of all, also of what is still used. */
  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(all.map(({ object }) => object[Symbol.asyncDispose]()));
  }

  #leaveOnce(entry: Entry): () => Promise<void> {
    let isIn = true;
    return async () => {
      if (!isIn) return;
      isIn = false;
      entry.members--;
      this.#sweep();
    };
  }

  #sweep(): void {
    for (const [key, { object, members }] of this.#entries) {
      if (members > 0 || !object.isEmpty) continue;
      this.#entries.delete(key);
      void object[Symbol.asyncDispose]();
    }
  }
}

/** For those who have nobody to share with: each object is its maker's alone, and goes with it. */
export const NOT_SHARED: SharedObjects = {
  join(_key, make) {
    const object = make();
    return { object, [Symbol.asyncDispose]: () => object[Symbol.asyncDispose]() };
  },
};
