/** How positions and runs are written into the topic that keeps them: one key a split, one a run, the last value counts. */
import type { Counts } from "../../core/ledger.ts";
import type { Progress } from "../../core/ports/sink.ts";
import type { Position } from "../../core/position.ts";
import type { OutgoingMessage } from "./client/producer-port.ts";

/** Where a split stands, and whose it is. */
export interface PositionRecord {
  readonly epoch: number;
  readonly position: Position;
  readonly counts: Counts;
  readonly fingerprint?: string;
  /** Transactional id of the only producer that may move it on. */
  readonly owner: string;
  /** ISO 8601. */
  readonly at: string;
}

/** A run that wrote into the sink. */
export interface RunRecord {
  readonly scope: string;
  readonly state: "running" | "succeeded" | "abandoned";
  /** ISO 8601. */
  readonly startedAt: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Whose records. */
export interface SinkKey {
  readonly job: string;
  readonly sink: string;
}

/** What a key of the topic says. */
export type RecordKey =
  | { readonly kind: "split"; readonly scope: string; readonly split: string }
  | { readonly kind: "run"; readonly run: string };

/** The key of this sink's record; null for one of another sink. */
export function readKey(text: string, { job, sink }: SinkKey): RecordKey | null {
  const [kind, ofJob, ofSink, ...rest] = wordsOf(text);
  if (ofJob !== job || ofSink !== sink) return null;
  const [first = "", second = ""] = rest;
  return kind === "run" ? { kind, run: first } : { kind: "split", scope: first, split: second };
}

/** @param record null: it is dropped */
export function splitMessage(
  { job, sink }: SinkKey,
  scope: string,
  split: string,
  record: PositionRecord | null,
): OutgoingMessage {
  const value = record && { ...record, position: { ...record.position, ordinal: String(record.position.ordinal) } };
  return message(["split", job, sink, scope, split], value);
}

/** @param record null: it is dropped */
export function runMessage({ job, sink }: SinkKey, run: string, record: RunRecord | null): OutgoingMessage {
  return message(["run", job, sink, run], record);
}

export function readPosition(text: string): PositionRecord {
  const { position, ...rest } = JSON.parse(text) as PositionRecord;
  return { ...rest, position: { ...position, ordinal: BigInt(position.ordinal) } };
}

/** As the runtime knows it. */
export function progressOf(split: string, { epoch, position, counts, fingerprint }: PositionRecord): Progress {
  return { split, epoch, position, counts, ...(fingerprint !== undefined && { fingerprint }) };
}

/** None for a message that is not ours. */
function wordsOf(text: string): readonly string[] {
  try {
    const words: unknown = JSON.parse(text);
    return Array.isArray(words) ? words.map(String) : [];
  } catch {
    return [];
  }
}

function message(key: readonly string[], value: object | null): OutgoingMessage {
  return {
    key: Buffer.from(JSON.stringify(key)),
    value: value && Buffer.from(JSON.stringify(value)),
    headers: {},
  };
}
