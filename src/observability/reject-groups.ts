/** How many records were rejected why: exact also when chunks are done again after a restart. */
import type { RunEvent } from "../core/ports/observer.ts";
import type { RejectGroup } from "../core/summary.ts";

type Groups = Map<string, RejectGroup>;

/** A chunk that was done and that not all who get of it have committed. */
interface PendingChunk {
  readonly waiting: Set<string>;
  /** Rejects of no sink in particular count with the first commit; '' is their key. */
  readonly groups: Map<string, Groups>;
}

/**
 * Adds up `rejected` events by stage and code.
 *
 * Rejects of the threads are told with their chunk, before it is committed, and again when actors restart and the chunk
 * is done once more; so they wait until the unit with their chunk is committed, and are dropped when sinks are opened
 * anew. Rejects of a sink's server are told behind their unit and count at once.
 */
export class RejectGroups {
  readonly #settled: Groups = new Map();
  #sinks: readonly string[] = [];
  /** In order. */
  #pending: PendingChunk[] = [];
  /** The chunk that the next `rejected` event belongs to: it directly follows what it belongs to. */
  #current: PendingChunk | null = null;

  /** Takes notice of an event. */
  take(event: RunEvent): void {
    if (event.kind === "rejected") return this.#add(event);
    this.#current = null;
    switch (event.kind) {
      case "run-started":
        this.#sinks = Object.keys(event.sinks);
        return;
      case "chunk-done":
        return this.#begin(event.records, event.sinks ?? this.#sinks);
      case "sink-opened":
        this.#pending = [];
        return;
      case "unit-committed":
        return this.#settle(event.sink, event.chunks);
      default:
    }
  }

  /** The groups, the most frequent first. */
  list(): RejectGroup[] {
    const all: Groups = new Map(this.#settled);
    for (const { groups } of this.#pending) for (const mine of groups.values()) merge(mine, all);
    return [...all.values()].sort((a, b) => b.count - a.count);
  }

  #add(event: RunEvent & { kind: "rejected" }): void {
    const { stage, code, count, message, sink } = event;
    const group = new Map([[`${stage} ${code}`, { stage, code, count, example: message }]]);
    if (this.#current === null) return merge(group, this.#settled);
    const key = sink ?? "";
    const groups: Groups = this.#current.groups.get(key) ?? new Map();
    merge(group, groups);
    this.#current.groups.set(key, groups);
  }

  /** A chunk without records is not handed to sinks, so no unit counts it. */
  #begin(records: number, sinks: readonly string[]): void {
    if (records === 0) return;
    this.#current = { waiting: new Set(sinks), groups: new Map() };
    this.#pending.push(this.#current);
  }

  #settle(sink: string, chunks: number): void {
    const mine = this.#pending.filter(({ waiting }) => waiting.has(sink)).slice(0, chunks);
    for (const { waiting, groups } of mine) {
      waiting.delete(sink);
      for (const key of ["", sink]) {
        merge(groups.get(key) ?? new Map(), this.#settled);
        groups.delete(key);
      }
    }
    while (this.#pending[0]?.waiting.size === 0) this.#pending.shift();
  }
}

function merge(from: Groups, into: Groups): void {
  for (const [key, group] of from) {
    const known = into.get(key);
    into.set(key, known === undefined ? group : { ...known, count: known.count + group.count });
  }
}
