/** A case's stage: processes enter it one after another, all before one world and one state store. */
import assert from "node:assert/strict";
import type { BoundSink, Progress } from "../../../core/ports/sink.ts";
import type { StateStore } from "../../../core/ports/state-store.ts";
import { SinkProcess, type SinkRecord } from "./process.ts";
import type { SinkSubject } from "./subject.ts";

/** One thing that every sink has to do, in whatever world. */
export interface SinkCase {
  readonly name: string;
  readonly run: <World extends AsyncDisposable>(stage: SinkStage<World>) => Promise<void>;
}

/** What a case does with the sink under test, and what it sees of it. */
export class SinkStage<World extends AsyncDisposable> {
  readonly state: StateStore;
  readonly #subject: SinkSubject<World>;
  readonly #world: World;

  constructor(subject: SinkSubject<World>, world: World, state: StateStore) {
    this.#subject = subject;
    this.#world = world;
    this.state = state;
  }

  bind(): Promise<BoundSink> {
    return this.#subject.bind(this.#world);
  }

  /** A process that takes the run up, or begins it. */
  async start(splits?: readonly string[]): Promise<SinkProcess> {
    return SinkProcess.start(await this.bind(), this.state, this.#subject.record(0), splits);
  }

  /** A process that does something and then is no more. */
  async crashed(work: (process: SinkProcess) => Promise<unknown>): Promise<Progress> {
    await using process = await this.start();
    await work(process);
    return process.progress();
  }

  /** The process after it: it brings the rest, and every record has to be there once. */
  async goOn(records: number): Promise<void> {
    await using process = await this.start();
    await this.writeUpTo(process, records);
    await process.finish();
    await this.sees(Array.from({ length: records }, (_, number) => number));
  }

  /** Commits what is missing of the first so many records. */
  async writeUpTo(process: SinkProcess, records: number): Promise<void> {
    if (process.written < records) await process.commitRecords(this.records(process.written, records));
  }

  /** The records of the numbers `[from, to)`. */
  records(from: number, to: number): SinkRecord[] {
    return Array.from({ length: to - from }, (_, index) => this.#subject.record(from + index));
  }

  /** A reader of the target sees these records and no others. */
  async sees(expected: readonly number[]): Promise<void> {
    const seen = await this.#subject.seen(this.#world);
    assert.deepEqual(
      seen.toSorted((a, b) => a - b),
      expected,
      "the records that a reader sees",
    );
  }

  /** Resources that the sink holds now. */
  async held(): Promise<number> {
    return (await this.#subject.held?.(this.#world)) ?? 0;
  }

  /** The reply to the next commit gets lost. */
  async loseReply(): Promise<void> {
    await this.#subject.loseReply?.(this.#world);
  }
}
