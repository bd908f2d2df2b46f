/** One process's membership in a group, as a source: it asks the coordinator now and then, and believes it in between. */
import { onAbort } from "../../../src/core/abort.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import type { Position } from "../../../src/core/position.ts";
import type { BoundSource, FrameReader, Share, Shares, SplitPlan } from "../../../src/core/ports/source.ts";
import { type Faults, unforeseen } from "./faults.ts";
import type { Assignment, Group } from "./group.ts";
import { request } from "./network.ts";
import type { SimulatedProcess } from "./process.ts";
import { frameBatch } from "./source.ts";
import type { GrowingTopic } from "./topic.ts";

const BEAT_MS = 2_000;

/** What a {@link GroupMember} needs. */
export interface MemberOptions {
  readonly topic: GrowingTopic;
  readonly group: Group;
  readonly process: SimulatedProcess;
  readonly faults: Faults;
  /** Told what the source is told of commits. */
  readonly onCommitted: (split: string, position: Position) => void;
}

/** The membership. */
export class GroupMember implements BoundSource, Shares {
  readonly label = "simulated topic";
  readonly splits = [];
  readonly #options: MemberOptions;
  /** As the coordinator knows it; null: it is not in. */
  #name: string | null = null;
  #joined = 0;
  #assignment: Assignment | null = null;
  #share: { readonly generation: number; readonly revoke: AbortController } | null = null;
  #changed = Promise.withResolvers<void>();
  #beating: Disposable | null = null;
  #closed = false;
  #isProven = false;

  constructor(options: MemberOptions) {
    this.#options = options;
  }

  get shares(): Shares {
    return this;
  }

  async next(signal: AbortSignal): Promise<Share | undefined> {
    const aborted = Promise.withResolvers<void>();
    using _aborted = onAbort(signal, aborted.resolve);
    if (this.#name === null) await this.#join();
    while (!signal.aborted) {
      const { generation = 0, partitions = [] } = this.#assignment ?? {};
      if (partitions.length > 0 && generation !== this.#share?.generation) return this.#shareOf(generation, partitions);
      await Promise.race([this.#changed.promise, aborted.promise]);
    }
    return undefined;
  }

  /** Whether the coordinator has confirmed a share since this was asked last. */
  takeProof(): boolean {
    const proven = this.#isProven;
    this.#isProven = false;
    return proven;
  }

  open(): Promise<never> {
    throw new MillraceError("INVARIANT", "only a share can be opened");
  }

  /** Leaves, if that can be said now. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#beating?.[Symbol.dispose]();
    const name = this.#name;
    if (name !== null) await this.#ask("leave", () => this.#options.group.leave(name)).catch(() => {});
  }

  async #join(): Promise<void> {
    const { process, group } = this.#options;
    const name = `${process.name}.${this.#joined++}`;
    const assignment = await this.#ask("join", () => group.join(name));
    if (this.#closed) return;
    this.#name = name;
    this.#beating ??= process.clock.timer(BEAT_MS, () => void this.#beat());
    this.#learn(name, assignment);
  }

  async #beat(): Promise<void> {
    const { group, process } = this.#options;
    const name = this.#name;
    try {
      if (name === null) await this.#join();
      else this.#learn(name, await this.#ask("beat", () => group.beat(name)));
    } catch {
      // The next one may come through.
    }
    if (!this.#closed) this.#beating = process.clock.timer(BEAT_MS, () => void this.#beat());
  }

  /** What the coordinator has said of a name; null: that it is no member's. */
  #learn(name: string | null, assignment: Assignment | null): void {
    if (name !== this.#name) return;
    if (assignment === null) this.#name = null;
    if (assignment !== null && assignment.generation <= (this.#assignment?.generation ?? 0)) return;
    this.#assignment = assignment;
    this.#share?.revoke.abort(takenBack());
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  #shareOf(generation: number, partitions: readonly string[]): Share {
    const { topic, group, onCommitted } = this.#options;
    const revoke = new AbortController();
    const mine = { generation, revoke };
    this.#share = mine;
    const name = this.#name;
    const done = new Map<string, number>();
    const committed = (split: string, position: Position): void => {
      done.set(split, Number(position.token));
      onCommitted(split, position);
    };
    return {
      label: this.label,
      splits: partitions.toSorted().map((id) => this.#planOf(id)),
      revoked: revoke.signal,
      confirm: async () => {
        revoke.signal.throwIfAborted();
        const said = name === null ? null : await this.#ask("confirm", () => group.beat(name));
        if (said?.generation !== generation) this.#learn(name, said);
        if (said?.generation !== generation) throw takenBack();
        this.#isProven = true;
        revoke.signal.throwIfAborted();
      },
      open: ({ id }, { token }, signal) => this.#read(id, Number(token), signal),
      committed,
      lag: async () => new Map(partitions.map((id) => [id, topic.end(id) - (done.get(id) ?? 0)])),
      [Symbol.asyncDispose]: async () => {},
    };
  }

  #planOf(id: string): SplitPlan {
    const fields = this.#options.topic.splits.get(id)?.fields;
    return { id, origin: "0", fingerprint: `fingerprint of ${id}`, ...(fields === undefined ? {} : { fields }) };
  }

  async #read(id: string, from: number, signal: AbortSignal): Promise<FrameReader> {
    const { topic } = this.#options;
    const { bytes, ends } = topic.splits.get(id) as { bytes: Uint8Array; ends: Int32Array };
    await this.#step(`source: open ${id} at ${from}`);
    let next = from;
    return {
      kind: "frames",
      read: async (maxBytes, lease) => {
        await topic.until(id, next, signal);
        if (signal.aborted) return undefined;
        await this.#step(`source: read ${id}`);
        const begin = next;
        const origin = begin === 0 ? 0 : (ends[begin - 1] ?? 0);
        const last = topic.end(id);
        next++;
        while (next < last && (ends[next] ?? 0) - origin <= maxBytes) next++;
        return frameBatch(bytes, ends, begin, next, lease);
      },
      async [Symbol.asyncDispose]() {},
    };
  }

  #ask<T>(name: string, work: () => T): Promise<T> {
    const { process, faults } = this.#options;
    return request({ process, faults, name: `group: ${name}`, work, ambiguous: unanswered });
  }

  async #step(name: string): Promise<void> {
    const { process, faults } = this.#options;
    const fate = faults.fate();
    await process.step(name);
    if (fate === "crash") throw unforeseen(name);
    if (fate === "unsent") throw unanswered(name);
  }
}

function unanswered(name: string): MillraceError {
  return new MillraceError("SOURCE_FAILED", `simulated: ${name}: try again`, { fault: "transient" });
}

function takenBack(): MillraceError {
  return new MillraceError("ABORTED", "simulated: the partitions were taken back");
}
