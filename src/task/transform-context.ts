/** The `context` that a transform is given beside its records. */
import type { ChunkMeta } from "../core/chunk.ts";
import type { RecordBatch } from "../core/ports/format.ts";
import { RejectSignal } from "./reject-signal.ts";

/** What is known of the run. */
interface RunContext {
  readonly job: string;
  readonly run: string;
}

/** What `setup` has. */
export interface SetupContext extends RunContext {
  /** Threads of the run, each of which calls `setup` once: what holds for the job is divided by it. */
  readonly threads: number;
}

/** What `teardown` has. */
export interface TeardownContext<Resources = unknown> extends RunContext {
  /** What the module's `setup` gave. */
  readonly resources: Resources;
}

/** What a message of a queue carries beside the record in it. */
export interface MessageInfo {
  readonly key: string | null;
  readonly headers: Readonly<{ [name: string]: string }> | null;
  /** When it was made, milliseconds since 1970. */
  readonly timestamp: number | null;
  readonly partition: number | null;
  readonly offset: bigint | null;
}

/** What a transform may know and do beside its record. */
export interface TransformContext<Resources = unknown> extends TeardownContext<Resources> {
  /** The part of the source this record is from: a file's path. */
  readonly split: string;
  /** The record's line in a text file, counted from 1; undefined for other sources. */
  readonly line: number | undefined;
  /** The message that the record came in; undefined for sources without messages. */
  readonly message: MessageInfo | undefined;
  /** Rejects the record: it is kept with its bytes and this reason, and the run goes on. */
  reject(reason: string): never;
}

/** What a transform in mode async may know and do beside its record. */
export interface AsyncContext<Resources = unknown> extends TransformContext<Resources> {
  /** Aborted when the call takes longer than `transform.timeout`: the record is rejected by then. */
  readonly signal: AbortSignal;
}

/** What a transform of many records at once may know beside them. */
export interface ChunkContext<Resources = unknown> extends TeardownContext<Resources> {
  readonly split: string;
  /** The line of the record with this index, as {@link TransformContext.line}. */
  lineOf(index: number): number | undefined;
  /** The message of the record with this index, as {@link TransformContext.message}. */
  messageOf(index: number): MessageInfo | undefined;
}

/** What all contexts of a thread have in common. */
export type ThreadContext = TeardownContext;

/** The chunk that a context speaks of. */
export interface ChunkPlace {
  readonly split: string;
  readonly batch: RecordBatch;
  readonly firstLine: number | undefined;
  readonly meta: ChunkMeta | undefined;
}

/**
 * A context that can be pointed at record after record, so that nothing is made per record.
 *
 * The line is counted only when it is asked for.
 */
export class RecordContext implements TransformContext {
  readonly job: string;
  readonly run: string;
  readonly resources: unknown;
  #place: ChunkPlace | undefined;
  #record = 0;

  constructor({ job, run, resources }: ThreadContext) {
    this.job = job;
    this.run = run;
    this.resources = resources;
  }

  get split(): string {
    return this.#place?.split ?? "";
  }

  get line(): number | undefined {
    return this.#place && lineAt(this.#place, this.#record);
  }

  get message(): MessageInfo | undefined {
    return this.#place && messageAt(this.#place, this.#record);
  }

  /** Turns to the records of a chunk. */
  enter(place: ChunkPlace): void {
    this.#place = place;
  }

  /** Turns to one record of the chunk. */
  at(record: number): void {
    this.#record = record;
  }

  readonly reject = refuse;
}

/** The context of one call in mode async, which goes on while other records are begun. */
export class CallContext implements AsyncContext {
  readonly job: string;
  readonly run: string;
  readonly resources: unknown;
  readonly #place: ChunkPlace;
  readonly #record: number;
  #abort: AbortController | undefined;

  constructor({ job, run, resources }: ThreadContext, place: ChunkPlace, record: number) {
    this.job = job;
    this.run = run;
    this.resources = resources;
    this.#place = place;
    this.#record = record;
  }

  get split(): string {
    return this.#place.split;
  }

  get line(): number | undefined {
    return lineAt(this.#place, this.#record);
  }

  get message(): MessageInfo | undefined {
    return messageAt(this.#place, this.#record);
  }

  /** Made when it is first asked for: most calls never do. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  /** Aborts the signal, also one that is asked for later. */
  abort(reason: Error): void {
    this.#abort ??= new AbortController();
    this.#abort.abort(reason);
  }

  readonly reject = refuse;
}

/** The context of a call with some of a chunk's records. */
export class PieceContext implements ChunkContext {
  readonly job: string;
  readonly run: string;
  readonly resources: unknown;
  readonly #place: ChunkPlace;
  readonly #records: readonly number[];

  /** @param records numbers in the chunk of the records given, by index */
  constructor({ job, run, resources }: ThreadContext, place: ChunkPlace, records: readonly number[]) {
    this.job = job;
    this.run = run;
    this.resources = resources;
    this.#place = place;
    this.#records = records;
  }

  get split(): string {
    return this.#place.split;
  }

  readonly lineOf = (index: number): number | undefined => {
    const record = this.#records[index];
    return record === undefined ? undefined : lineAt(this.#place, record);
  };

  readonly messageOf = (index: number): MessageInfo | undefined => {
    const record = this.#records[index];
    return record === undefined ? undefined : messageAt(this.#place, record);
  };

  /** Throws as it does in the other modes: what remains of the chunk is then tried in halves. */
  readonly reject = refuse;
}

function refuse(reason: string): never {
  throw new RejectSignal(String(reason));
}

function lineAt({ firstLine, batch, meta }: ChunkPlace, record: number): number | undefined {
  if (meta?.lines !== undefined) return meta.lines[record] || undefined;
  return firstLine === undefined ? undefined : firstLine + batch.line(record);
}

function messageAt({ meta }: ChunkPlace, record: number): MessageInfo | undefined {
  if (meta === undefined || meta.lines !== undefined) return undefined;
  return {
    key: meta.keys?.[record] ?? null,
    headers: meta.headers?.[record] ?? null,
    timestamp: meta.timestamps?.[record] ?? null,
    partition: meta.partition ?? null,
    offset: meta.offsets?.[record] ?? null,
  };
}
