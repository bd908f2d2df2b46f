/** Records that could not be read or written: a program is told of each, or the stream ends with the first. */
import { type ErrorCode, MillraceError } from "../core/errors.ts";

/** A record that could not be read. */
export interface RejectedInput {
  readonly stage: "decode";
  readonly code: ErrorCode;
  readonly message: string;
  /** The file, as it was named or found; `input` for bytes of the program's own. */
  readonly source: string;
  /** Records of that source before it, good and bad. */
  readonly ordinal: number;
  /** Where it begins: bytes into the decompressed source, and its line, counted from 1. */
  readonly offset: number;
  readonly line: number;
  /** Its bytes: as text, or in base64 where they are none. */
  readonly raw: string;
  readonly rawEncoding: "utf8" | "base64";
}

/** A record that could not be written or aggregated. */
export interface RejectedOutput {
  readonly stage: "write" | "aggregate";
  readonly code: ErrorCode;
  readonly message: string;
  /** Records before it that the writer or aggregate was given, good and bad. */
  readonly ordinal: number;
  readonly record: unknown;
}

/** A record that was turned away. */
export type StreamReject = RejectedInput | RejectedOutput;

/** `throw`: the first one ends the stream. A function is told of each, and the stream goes on without it. */
export type OnReject<R extends StreamReject> = "throw" | ((reject: R) => void);

/** Ends the stream with this reject, or tells the program of it. @throws MillraceError with the reject's code */
export function turnAway<R extends StreamReject>(reject: R, onReject: OnReject<R> = "throw"): void {
  if (onReject !== "throw") return onReject(reject);
  const { code, message, ...details } = reject;
  throw new MillraceError(code, `${placeOf(reject)}: ${message}`, { details });
}

function placeOf(reject: StreamReject): string {
  if (reject.stage === "decode") return `${reject.source}:${reject.line}`;
  return `record ${(reject.ordinal + 1).toLocaleString("en-US")}`;
}
