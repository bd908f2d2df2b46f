/** Tells whether a streamed body is still the one that a run began with. */
import { hash } from "node:crypto";
import { MillraceError } from "../../../core/errors.ts";
import { HEAD_BYTES, sameBytes, shortened } from "../../file/fingerprint.ts";

/** What is remembered of a body. */
export interface BodyMark {
  /** Bytes of its beginning that were hashed. */
  readonly bytes: number;
  readonly sha256: string;
  readonly etag?: string;
  readonly modified?: string;
}

/** What is seen of a body now. */
export interface BodyLook {
  /** Its first bytes, at least 64 KiB of them if it has so many. */
  readonly head: Uint8Array;
  readonly etag: string | undefined;
  readonly modified: string | undefined;
}

/** As a text that a store keeps. */
export function bodyMark({ head, etag, modified }: BodyLook): string {
  const hashed = head.subarray(0, HEAD_BYTES);
  const mark: BodyMark = {
    bytes: hashed.byteLength,
    sha256: hash("sha256", hashed),
    ...(etag !== undefined && { etag }),
    ...(modified !== undefined && { modified }),
  };
  return JSON.stringify(mark);
}

/** What is different, in words; undefined when it is still the same. @param grows more may have been added to it since */
export function differenceFromMark(text: string, now: BodyLook, grows: boolean): string | undefined {
  const known = parseMark(text);
  if (now.head.byteLength < known.bytes) return shortened(known.bytes, now.head.byteLength);
  if (sameBytes(known, now.head) < 0) return "its beginning is another one";
  if (grows) return undefined;
  if (isStrong(known.etag) && isStrong(now.etag))
    return known.etag === now.etag ? undefined : "its ETag is another one";
  const isOther = known.modified !== undefined && now.modified !== undefined && known.modified !== now.modified;
  return isOther ? `it was modified at ${now.modified}` : undefined;
}

/** @throws MillraceError STATE_CORRUPT when it is no mark of a body */
function parseMark(text: string): BodyMark {
  try {
    const mark = JSON.parse(text) as BodyMark;
    if (Number.isSafeInteger(mark.bytes) && typeof mark.sha256 === "string") return mark;
  } catch {
    // It is told below.
  }
  throw new MillraceError("STATE_CORRUPT", `this is no fingerprint of a reply: ${text}`);
}

/** Whether equal tags mean equal bytes (RFC 9110, 8.8.1). */
export function isStrong(etag: string | undefined): etag is string {
  return etag?.startsWith('"') === true;
}

/** @param grows as {@link differenceFromMark} has it */
export function changedBody(shown: string, difference: string, grows: boolean): MillraceError {
  const since = grows ? "it was first read" : "this run began";
  return new MillraceError(
    "SOURCE_CHANGED",
    `${shown} has changed since ${since}: ${difference}; bring it back, or begin again with --restart`,
  );
}
