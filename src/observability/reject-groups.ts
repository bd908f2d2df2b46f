/** How many records were rejected why: exact also when chunks are done again after a restart. */
import type { RunEvent } from "../core/ports/observer.ts";
import type { RejectGroup } from "../core/summary.ts";

type Groups = Map<string, RejectGroup>;

/**
 * Adds up `rejected` events by stage and code.
 *
 * Rejects of the threads are told with their chunk, before it is committed, and again when actors restart and the chunk
 * is done once more; so they wait until the unit with their chunk is committed, and are dropped when a sink is opened
 * anew. Rejects of a sink are told behind their unit and count at once.
 */
export class RejectGroups {
  readonly #settled: Groups = new Map();
  /** One entry a chunk that was done and is not committed, in order. */
  #pending: Groups[] = [];
  /** Where the next `rejected` event belongs: it directly follows what it belongs to. */
  #current: Groups = this.#settled;
  /** With several sinks the first one's commits count. */
  #sink: string | undefined;

  /** Takes notice of an event. */
  take(event: RunEvent): void {
    if (event.kind === "rejected") return add(this.#current, event);
    this.#current = this.#settled;
    if (event.kind === "chunk-done") this.#begin(event.records);
    else if (event.kind === "sink-opened") this.#open(event.sink);
    else if (event.kind === "unit-committed" && event.sink === (this.#sink ?? event.sink)) this.#settle(event.chunks);
  }

  /** The groups, the most frequent first. */
  list(): RejectGroup[] {
    const all: Groups = new Map();
    for (const groups of [this.#settled, ...this.#pending]) merge(groups, all);
    return [...all.values()].sort((a, b) => b.count - a.count);
  }

  /** A chunk without records is not handed to sinks, so no unit counts it. */
  #begin(records: number): void {
    if (records === 0) return;
    this.#current = new Map();
    this.#pending.push(this.#current);
  }

  #open(sink: string): void {
    this.#sink ??= sink;
    if (sink === this.#sink) this.#pending = [];
  }

  #settle(chunks: number): void {
    for (const groups of this.#pending.splice(0, chunks)) merge(groups, this.#settled);
  }
}

function add(
  groups: Groups,
  { stage, code, count, message }: Pick<RunEvent & { kind: "rejected" }, "stage" | "code" | "count" | "message">,
): void {
  merge(new Map([[`${stage} ${code}`, { stage, code, count, example: message }]]), groups);
}

function merge(from: Groups, into: Groups): void {
  for (const [key, group] of from) {
    const known = into.get(key);
    into.set(key, known === undefined ? group : { ...known, count: known.count + group.count });
  }
}
