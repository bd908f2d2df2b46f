/** A chunk whose records are all read before any is encoded. */
import type { SourceFields } from "../core/ports/format.ts";
import { type Admission, admit } from "./gate.ts";
import { type HeldRecord, objectsOf, rebind } from "./held-record.ts";
import type { ChunkWork, Verdicts } from "./mode.ts";
import { type Outcome, rejected } from "./outcome.ts";
import type { Router } from "./route.ts";

/** What a held chunk needs to know of its module. */
export interface HeldChunkOptions {
  /** Says of a record whether the transform is to see it; null: all of them. */
  readonly gate: ((raw: unknown, record: number) => Admission) | null;
  /** Sends outputs on their ways; null: all to all. */
  readonly route: Router | null;
}

/** Reads the records of a chunk, takes what becomes of them, and tells it in their order. */
export class HeldChunk implements Verdicts {
  /** The records that the transform is to see. */
  readonly held: readonly HeldRecord[];
  readonly #work: ChunkWork;
  readonly #options: HeldChunkOptions;
  readonly #outcomes: (Outcome | undefined)[] = [];
  readonly #heldOf: (HeldRecord | undefined)[] = [];

  constructor(work: ChunkWork, options: HeldChunkOptions) {
    this.#work = work;
    this.#options = options;
    const held: HeldRecord[] = [];
    for (let record = work.from; record < work.to; record++) {
      const outcome = this.#read(record);
      if ("record" in outcome) held.push(outcome);
      else this.#outcomes[record] = outcome;
    }
    this.held = held;
  }

  /** Reads held records anew: a call that failed may have changed what it was given. */
  reread(records: readonly HeldRecord[]): readonly HeldRecord[] {
    return records.flatMap(({ record }) => {
      const outcome = this.#read(record);
      if ("record" in outcome) return outcome;
      this.settle(record, outcome);
      return [];
    });
  }

  /** Takes what became of a record. */
  settle(record: number, outcome: Outcome): void {
    const { route } = this.#options;
    this.#outcomes[record] = route === null ? outcome : route(outcome);
  }

  get source(): SourceFields {
    return this.#work.place.batch.current;
  }

  of(record: number): Outcome {
    const outcome = this.#outcomes[record] as Outcome;
    const held = this.#heldOf[record];
    return held === undefined ? outcome : rebind(outcome, held, this.#work.place.batch);
  }

  #read(record: number): HeldRecord | Outcome {
    const { place, poison } = this.#work;
    const mark = poison.get(record);
    if (mark !== undefined) return rejected("transform", mark.code, mark.message);
    const read = place.batch.read(record);
    if ("fault" in read) return rejected("decode", read.fault.code, read.fault.message);
    const { record: raw } = read;
    const admission = this.#options.gate?.(raw, record) ?? admit(raw);
    if (admission.kind === "rejected") return admission;
    const held = { record, raw, input: admission.record, objects: objectsOf(raw) };
    this.#heldOf[record] = held;
    return held;
  }
}
