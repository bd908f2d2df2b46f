/** A record that could not be parsed, validated, transformed or written, with everything needed to try it again. */
import type { Position } from "./position.ts";

/** The stage that refused a record. */
export type RejectStage = "decode" | "validate" | "transform" | "aggregate" | "write";

/** What was refused, by which stage and why. */
interface Refusal {
  readonly stage: RejectStage;
  /** The sink that refused it; absent for decode, validate and transform. */
  readonly sink?: string;
  /** Which output of an array result was refused. */
  readonly output?: number;
  readonly code: string;
  readonly message: string;
  readonly raw: string;
  readonly rawEncoding: "utf8" | "base64";
}

/** A reject as it is kept, whatever the place; CONTRACT "The CLI" lists the same keys. */
export interface Reject extends Refusal {
  readonly job: string;
  readonly run: string;
  readonly scope: string;
  readonly split: string;
  /** The rejected record's own place: `ordinal` counts the records before it, `token` is where it begins. */
  readonly position: Pick<Position, "ordinal" | "token">;
  readonly line?: number;
  readonly attempts: number;
  /** When it was rejected, ISO 8601. */
  readonly at: string;
}

/** A reject as a thread reports it: places are relative to the chunk, which is all that a thread knows. */
export interface ChunkReject extends Refusal {
  /** Number of the record in its chunk, from 0. */
  readonly record: number;
  /** Where the record begins in its chunk, in bytes. */
  readonly offset: number;
  /** Line feeds between the chunk's begin and the record. */
  readonly line: number;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * A record's bytes as text where that loses nothing and every store can hold it (valid UTF-8 without NUL), else base64.
 *
 * @param bytes may lie in shared memory
 */
export function encodeRaw(bytes: Uint8Array): Pick<Refusal, "raw" | "rawEncoding"> {
  const own = bytes.slice();
  if (!own.includes(0)) {
    try {
      return { raw: strictUtf8.decode(own), rawEncoding: "utf8" };
    } catch {
      // not UTF-8: falls through
    }
  }
  return { raw: Buffer.from(own.buffer, own.byteOffset, own.byteLength).toString("base64"), rawEncoding: "base64" };
}

/** A reject as one JSON object, ordinals as numbers (CONTRACT). */
export function rejectToJson(reject: Reject): string {
  const { position, ...rest } = reject;
  const { job, run, scope, split, ...others } = rest;
  return JSON.stringify({
    job,
    run,
    scope,
    split,
    position: { ordinal: Number(position.ordinal), token: position.token },
    ...others,
  });
}

/** The reject that {@link rejectToJson} made a text of. Throws for a text that is none. */
export function rejectFromJson(text: string): Reject {
  const { position, ...rest } = JSON.parse(text) as JsonReject;
  return { ...rest, position: { ordinal: BigInt(position.ordinal), token: String(position.token) } };
}

interface JsonReject extends Omit<Reject, "position"> {
  readonly position: { readonly ordinal: number; readonly token: string };
}

/** The record's bytes, as {@link encodeRaw} was given them. */
export function decodeRaw({ raw, rawEncoding }: Pick<Reject, "raw" | "rawEncoding">): Buffer {
  return Buffer.from(raw, rawEncoding);
}
