/** What is remembered of a part beside the positions, so that a run can go on in it after any crash. */
import { MillraceError } from "../../core/errors.ts";
import type { SinkWord } from "../../core/ports/sink.ts";
import type { PartialName } from "./target.ts";

/**
 * `open` rows may follow; `complete` none will; `publishing` it is getting its own name, so where the unfinished file is
 * gone it has it.
 */
export type PartState = "open" | "complete" | "publishing";

/** A part as the last commit left it. */
export interface PartRecord extends PartialName {
  /** '' where there are no partitions. */
  readonly partition: string;
  readonly number: number;
  /** Bytes in the file. */
  readonly bytes: number;
  /** Bytes before compression. */
  readonly size: number;
  readonly rows: number;
  /** When it was begun, wall-clock milliseconds. */
  readonly begun: number;
  /** The {@link writerKey} of whoever may have the file open. */
  readonly by: string;
  readonly state: PartState;
}

const PART = "part ";
const WRITER = "writer ";
const DONE = "done";

/** A sink's words in one scope. */
export interface Checkpoint {
  /** In the order in which the parts were begun. */
  readonly parts: readonly PartRecord[];
  /** The process that wrote with an epoch, by {@link writerKey}. */
  readonly writers: ReadonlyMap<string, string>;
  /** The run that has published everything; null: none has. */
  readonly done: string | null;
}

/** The word of a part; `null` drops it. */
export function partWord(slot: number, record: PartRecord | null): SinkWord {
  return { name: `${PART}${slot}`, word: record === null ? null : JSON.stringify(record) };
}

/** The word that tells who wrote with an epoch; `null` drops it. */
export function writerWord(key: string, writer: string | null): SinkWord {
  return { name: `${WRITER}${key}`, word: writer };
}

/** The word that tells that all of a run is published. */
export function doneWord(run: string): SinkWord {
  return { name: DONE, word: run };
}

/** By what a writer is found again. */
export function writerKey({ run, epoch }: Pick<PartialName, "run" | "epoch">): string {
  return `${run} ${epoch}`;
}

/** @throws MillraceError STATE_CORRUPT for words that are none of a file sink */
export function readCheckpoint(words: readonly SinkWord[]): Checkpoint {
  const parts: PartRecord[] = [];
  const writers = new Map<string, string>();
  let done: string | null = null;
  for (const { name, word } of words) {
    if (word === null) continue;
    if (name.startsWith(PART)) parts.push(parsePart(word));
    else if (name.startsWith(WRITER)) writers.set(name.slice(WRITER.length), word);
    else if (name === DONE) done = word;
    else throw new MillraceError("STATE_CORRUPT", `the file sink never kept anything called ${name}`);
  }
  return { parts: parts.toSorted((a, b) => a.slot - b.slot), writers, done };
}

function parsePart(word: string): PartRecord {
  try {
    return JSON.parse(word) as PartRecord;
  } catch (cause) {
    throw new MillraceError("STATE_CORRUPT", `what is kept of a part of the file sink cannot be read: ${word}`, {
      cause,
    });
  }
}
