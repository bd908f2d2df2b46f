/** Memory of large answers, used again once their messages were copied out: left to the garbage collector it is most of what that has to do. */

/** Smaller answers are not worth it. */
const LEAST_BYTES = 64 * 1024;
/** Answers differ a little; what is lent serves the next one as well. */
const STEP_BYTES = 512 * 1024;
const MAX_IDLE_BYTES = 8 * 1024 * 1024;
/** A buffer is not spent on an answer that much smaller: it may be held for long. */
const MOST_WASTE = 4;

/** Lends memory. What is never given back is nobody's loss but time. */
export class AnswerMemory {
  readonly #lent = new WeakSet<ArrayBufferLike>();
  #idle: Buffer[] = [];

  /** Memory of that size, with whatever in it. */
  take(bytes: number): Buffer {
    if (bytes < LEAST_BYTES) return Buffer.allocUnsafe(bytes);
    const found = this.#idle.findIndex(({ length }) => length >= bytes && length <= MOST_WASTE * bytes);
    const [idle] = found < 0 ? [] : this.#idle.splice(found, 1);
    const buffer = idle ?? Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
    this.#lent.add(buffer.buffer);
    return buffer.subarray(0, bytes);
  }

  /** Takes memory back that nobody will read again; a part of it stands for all of it. */
  giveBack({ buffer }: Buffer): void {
    if (!this.#lent.delete(buffer)) return;
    this.#idle.push(Buffer.from(buffer));
    while (this.#idle.reduce((sum, { length }) => sum + length, 0) > MAX_IDLE_BYTES) this.#idle.shift();
  }
}
