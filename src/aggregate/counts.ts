/** Counts. */
import { keyOf } from "./group-key.ts";
import type { Measure } from "./measure.ts";

/** A count under way. */
interface CountState {
  count: number;
}

/** Records of a group. */
export class Count implements Measure<CountState> {
  readonly field = null;

  create(): CountState {
    return { count: 0 };
  }

  take(): void {
    // Every record counts.
  }

  fold(state: CountState): void {
    state.count++;
  }

  merge(into: CountState, from: CountState): void {
    into.count += from.count;
  }

  result({ count }: CountState): number {
    return count;
  }
}

/** Different values of a field, exactly; nulls do not count. It remembers them all. */
export class CountDistinct implements Measure<Set<unknown>> {
  readonly field: string;
  #taken: unknown = null;

  constructor(field: string) {
    this.field = field;
  }

  create(): Set<unknown> {
    return new Set();
  }

  take(value: unknown): void {
    this.#taken = keyOf(value);
  }

  fold(state: Set<unknown>): void {
    if (this.#taken !== null) state.add(this.#taken);
  }

  merge(into: Set<unknown>, from: Set<unknown>): void {
    for (const key of from) into.add(key);
  }

  result({ size }: Set<unknown>): number {
    return size;
  }
}
