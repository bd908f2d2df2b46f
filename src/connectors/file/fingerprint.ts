/**
 * Tells whether a file is still the one that a run began with: it may have grown, but neither been shortened, nor
 * rewritten at its head, nor replaced by another file of the same name. SEMANTICS "Sinks" is the contract.
 */
import { hash } from "node:crypto";
import { MillraceError } from "../../core/errors.ts";

/** Bytes of the head that are hashed. */
export const HEAD_BYTES = 64 * 1024;

/** What is remembered of a file. */
export interface Fingerprint {
  /** Bytes that were hashed: the head, or the whole of a smaller file. */
  readonly bytes: number;
  readonly sha256: string;
  readonly inode: string;
  /** Bytes of the file at its first reading. */
  readonly size: number;
}

/** A file as it is found now. */
export interface FileLook {
  /** Its first bytes, at least as many as the fingerprint to compare with if it holds them. */
  readonly head: Uint8Array;
  readonly inode: string;
  readonly size: number;
}

/** Takes the fingerprint of a file. */
export function fingerprintOf({ head, inode, size }: FileLook): Fingerprint {
  const hashed = head.subarray(0, HEAD_BYTES);
  return { bytes: hashed.byteLength, sha256: hash("sha256", hashed), inode, size };
}

/** As a text that a store keeps. */
export function formatFingerprint({ bytes, sha256, inode, size }: Fingerprint): string {
  return JSON.stringify({ bytes, sha256, inode, size });
}

/** @throws MillraceError STATE_CORRUPT when it is no fingerprint of a file */
export function parseFingerprint(text: string): Fingerprint {
  const parts =
    /^\{"bytes":(?<bytes>\d+),"sha256":"(?<sha256>[0-9a-f]{64})","inode":"(?<inode>\d+)","size":(?<size>\d+)\}$/;
  const groups = parts.exec(text)?.groups;
  if (groups === undefined) throw new MillraceError("STATE_CORRUPT", `this is no fingerprint of a file: ${text}`);
  const { bytes, sha256 = "", inode = "", size } = groups;
  return { bytes: Number(bytes), sha256, inode, size: Number(size) };
}

/**
 * What is different, in words; undefined when it is still the same file.
 *
 * @param consumed bytes of the file that were taken from it
 */
export function differenceFrom(known: Fingerprint, now: FileLook, consumed: number): string | undefined {
  const least = Math.max(known.size, consumed);
  if (now.size < least) return `it was shortened from at least ${least} to ${now.size} bytes`;
  if (now.inode !== known.inode) return "it is another file of the same name";
  if (hash("sha256", now.head.subarray(0, known.bytes)) !== known.sha256) return "its beginning was rewritten";
  return undefined;
}
