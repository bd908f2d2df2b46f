/**
 * Tells whether a file is still the one that a run began with: it may have grown, but neither been shortened, nor
 * rewritten at its head, nor replaced by another file of the same name. SEMANTICS "Sinks" is the contract.
 */
import { hash } from "node:crypto";
import { MillraceError } from "../../core/errors.ts";

/** Bytes of the head that are hashed. */
export const HEAD_BYTES = 64 * 1024;

/** Beginnings that are hashed besides, so that a file which is shorter now can be compared too. */
const START_BYTES = [64, 256, 1024, 4096, 16_384] as const;

/** Hexadecimal digits that are kept of a beginning's hash. */
const START_DIGITS = 16;

/** What is remembered of a file. */
export interface Fingerprint {
  /** Bytes that were hashed: the head, or the whole of a smaller file. */
  readonly bytes: number;
  readonly sha256: string;
  readonly inode: string;
  /** Bytes of the file at its first reading. */
  readonly size: number;
  /** Short hashes of the beginnings of 64, 256, 1024, ... bytes that the file had; of files that grow. */
  readonly starts?: readonly string[];
  /** When the file was made, nanoseconds; of files that grow. */
  readonly born?: string;
}

/** A file as it is found now. */
export interface FileLook {
  /** Its first bytes, at least as many as the fingerprint to compare with if it holds them. */
  readonly head: Uint8Array;
  readonly inode: string;
  readonly size: number;
  /** When it was made, nanoseconds; the last change where the file system keeps no births. */
  readonly born?: string;
}

/** Takes the fingerprint of a file. */
export function fingerprintOf({ head, inode, size }: FileLook): Fingerprint {
  const hashed = head.subarray(0, HEAD_BYTES);
  return { bytes: hashed.byteLength, sha256: hash("sha256", hashed), inode, size };
}

/** Takes the fingerprint of a file that grows and may be emptied and begun anew. */
export function growingFingerprintOf(look: FileLook): Fingerprint {
  const starts = START_BYTES.filter((bytes) => bytes <= look.head.byteLength);
  const known = { ...fingerprintOf(look), starts: starts.map((bytes) => startOf(look.head, bytes)) };
  return look.born === undefined ? known : { ...known, born: look.born };
}

function startOf(head: Uint8Array, bytes: number): string {
  return hash("sha256", head.subarray(0, bytes)).slice(0, START_DIGITS);
}

/** As a text that a store keeps. */
export function formatFingerprint({ bytes, sha256, inode, size, starts, born }: Fingerprint): string {
  return JSON.stringify({ bytes, sha256, inode, size, ...(starts && { starts: starts.join(" ") }), born });
}

/** @throws MillraceError STATE_CORRUPT when it is no fingerprint of a file */
export function parseFingerprint(text: string): Fingerprint {
  const parts =
    /^\{"bytes":(?<bytes>\d+),"sha256":"(?<sha256>[0-9a-f]{64})","inode":"(?<inode>\d+)","size":(?<size>\d+)(?:,"starts":"(?<starts>[0-9a-f ]*)")?(?:,"born":"(?<born>\d+)")?\}$/;
  const groups = parts.exec(text)?.groups;
  if (groups === undefined) throw new MillraceError("STATE_CORRUPT", `this is no fingerprint of a file: ${text}`);
  const { bytes, sha256 = "", inode = "", size, starts, born } = groups;
  return {
    bytes: Number(bytes),
    sha256,
    inode,
    size: Number(size),
    ...(starts !== undefined && { starts: starts.split(" ").filter(Boolean) }),
    ...(born !== undefined && { born }),
  };
}

/**
 * How many of the first bytes are known to be the same; -1 when they differ, 0 when there is nothing to compare.
 *
 * @param head the first bytes of the file now, as many as the fingerprint knows if it has them
 */
export function sameBytes(
  { bytes, sha256, starts = [] }: Pick<Fingerprint, "bytes" | "sha256" | "starts">,
  head: Uint8Array,
): number {
  if (head.byteLength >= bytes) return hash("sha256", head.subarray(0, bytes)) === sha256 ? bytes : -1;
  const index = START_BYTES.findLastIndex((start, i) => start <= head.byteLength && i < starts.length);
  const start = START_BYTES[index];
  if (start === undefined) return 0;
  return startOf(head, start) === starts[index] ? start : -1;
}

/**
 * What is different, in words; undefined when it is still the same file.
 *
 * @param consumed bytes of the file that were taken from it
 */
export function differenceFrom(known: Fingerprint, now: FileLook, consumed: number): string | undefined {
  const least = leastSize(known, consumed);
  if (now.size < least) return shortened(least, now.size);
  if (now.inode !== known.inode) return "it is another file of the same name";
  if (hash("sha256", now.head.subarray(0, known.bytes)) !== known.sha256) return "its beginning was rewritten";
  return undefined;
}

/** Bytes that the file must have. */
export function leastSize(known: Fingerprint, consumed: number): number {
  return Math.max(known.size, consumed);
}

/** Says that it has fewer. */
export function shortened(least: number, size: number): string {
  return `it was shortened from at least ${least} to ${size} bytes`;
}
