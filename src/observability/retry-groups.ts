/** How often a run tried something again, and why. */
import type { RunEvent } from "../core/ports/observer.ts";
import type { RetryGroup } from "../core/summary.ts";

/** Adds up `retrying` events by stage, sink and reason. */
export class RetryGroups {
  readonly #groups = new Map<string, RetryGroup>();

  /** Of all groups. */
  get count(): number {
    return [...this.#groups.values()].reduce((sum, { count }) => sum + count, 0);
  }

  /** Takes one more; the first of a group is its example. */
  add({ stage, sink, reason, message }: RunEvent & { readonly kind: "retrying" }): void {
    const key = JSON.stringify([stage, sink, reason]);
    const group = this.#groups.get(key) ?? {
      stage,
      ...(sink !== undefined && { sink }),
      reason,
      count: 0,
      example: message,
    };
    this.#groups.set(key, { ...group, count: group.count + 1 });
  }

  /** The groups, the most frequent first. */
  list(): RetryGroup[] {
    return [...this.#groups.values()].sort((a, b) => b.count - a.count);
  }
}
