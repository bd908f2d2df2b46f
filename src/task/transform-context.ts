/** The `context` that a transform is given with every record. */
import type { RecordBatch } from "../core/ports/format.ts";
import { RejectSignal } from "./reject-signal.ts";

/** What a transform may know and do beside its record. */
export interface TransformContext {
  readonly job: string;
  readonly run: string;
  /** The part of the source this record is from: a file's path. */
  readonly split: string;
  /** The record's line in a text file, counted from 1; undefined for other sources. */
  readonly line: number | undefined;
  /** Rejects the record: it is kept with its bytes and this reason, and the run goes on. */
  reject(reason: string): never;
}

/**
 * One context a thread, pointed at record after record: nothing is made per record.
 *
 * The line is counted only when it is asked for.
 */
export class RecordContext implements TransformContext {
  readonly job: string;
  readonly run: string;
  split = "";
  #batch: RecordBatch | undefined;
  #record = 0;
  #firstLine: number | undefined;

  constructor(job: string, run: string) {
    this.job = job;
    this.run = run;
  }

  get line(): number | undefined {
    if (this.#firstLine === undefined || this.#batch === undefined) return undefined;
    return this.#firstLine + this.#batch.line(this.#record);
  }

  /** Turns to the records of a chunk. */
  enter(split: string, batch: RecordBatch, firstLine: number | undefined): void {
    this.split = split;
    this.#batch = batch;
    this.#firstLine = firstLine;
  }

  /** Turns to one record of the chunk. */
  at(record: number): void {
    this.#record = record;
  }

  readonly reject = (reason: string): never => {
    throw new RejectSignal(String(reason));
  };
}
