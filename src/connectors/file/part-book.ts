/** What is remembered of the parts of one scope: the records, and the words by which the state store keeps them. */
import type { SinkMemory, SinkWord } from "../../core/ports/sink.ts";
import { doneWord, type PartRecord, type PartState, partWord, writerWord } from "./part-record.ts";

/** What a {@link PartBook} begins with. */
export interface PartBookOptions {
  readonly memory: SinkMemory;
  /** The key of this writer. */
  readonly by: string;
  readonly parts: readonly PartRecord[];
  /** The keys of the writers that are remembered. */
  readonly writers: Iterable<string>;
}

/** The records of all parts that do not have their names yet. */
export class PartBook {
  readonly #memory: SinkMemory;
  readonly #by: string;
  readonly #records: Map<number, PartRecord>;
  readonly #writers: Set<string>;

  constructor({ memory, by, parts, writers }: PartBookOptions) {
    this.#memory = memory;
    this.#by = by;
    this.#records = new Map(parts.map((part) => [part.slot, part]));
    this.#writers = new Set(writers);
  }

  get isEmpty(): boolean {
    return this.#records.size === 0;
  }

  /** All records, or those in one state, in the order in which the parts were begun. */
  records(state?: PartState): readonly PartRecord[] {
    const all = [...this.#records.values()];
    return state === undefined ? all : all.filter((record) => record.state === state);
  }

  /** Takes records over; the words that a commit is to keep for it. */
  take(records: readonly PartRecord[]): readonly SinkWord[] {
    for (const record of records) this.#records.set(record.slot, record);
    const words = records.map((record) => partWord(record.slot, record));
    if (words.length === 0 || this.#writers.has(this.#by)) return words;
    this.#writers.add(this.#by);
    return [writerWord(this.#by, this.#memory.writer), ...words];
  }

  /** Takes records over in another state and keeps them at once. @throws MillraceError FENCED */
  async keepAs(state: PartState, records: readonly PartRecord[]): Promise<void> {
    if (records.length > 0) await this.#memory.scope.keep(this.take(records.map((record) => ({ ...record, state }))));
  }

  /** These have their names. @throws MillraceError FENCED */
  async drop(records: readonly PartRecord[]): Promise<void> {
    if (records.length === 0) return;
    for (const { slot } of records) this.#records.delete(slot);
    await this.#memory.scope.keep(records.map(({ slot }) => partWord(slot, null)));
  }

  /** The run is over: all that stays is that it is. @throws MillraceError FENCED */
  async close(run: string): Promise<void> {
    const parts = [...this.#records.keys()].map((slot) => partWord(slot, null));
    const writers = [...this.#writers].map((key) => writerWord(key, null));
    await this.#memory.scope.keep([...parts, ...writers, doneWord(run)]);
    this.#records.clear();
    this.#writers.clear();
  }
}
