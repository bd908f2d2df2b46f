/**
 * A file that is open for a moment, read synchronously: a job may name 100,000 small files, and a promise a call would
 * cost more than all the calls.
 */
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { FileLook } from "./fingerprint.ts";

/** A file that turned into a pipe meanwhile must not hold the process up. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Open until it is disposed. */
export class OpenFile implements Disposable {
  readonly #fd: number;
  readonly #stats: BigIntStats;

  constructor(path: string) {
    this.#fd = openSync(path, OPEN_FLAGS);
    this.#stats = fstatSync(this.#fd, { bigint: true });
  }

  look(bytes: number): FileLook {
    const { size, ino, birthtimeNs } = this.#stats;
    const head = this.start(Math.min(bytes, Number(size)));
    return { head, inode: String(ino), size: Number(size), born: String(birthtimeNs) };
  }

  /** Where a file system keeps no births, the system gives the time of the last change for it. */
  get birth(): string | undefined {
    const { birthtimeNs, ctimeNs } = this.#stats;
    return birthtimeNs === ctimeNs ? undefined : String(birthtimeNs);
  }

  /** The first bytes of the file. */
  start(bytes: number): Uint8Array {
    const head = new Uint8Array(bytes);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes; length += read) read = this.read(head.subarray(length), length);
    return head.subarray(0, length);
  }

  read(into: Uint8Array, position: number): number {
    return readSync(this.#fd, into, 0, into.byteLength, position);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
