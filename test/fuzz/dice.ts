/** What a seed decides. */
import { type Random, seededRandom } from "../../src/core/random.ts";

/** Draws, one behind the other: the same seed draws the same. */
export class Dice {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** True in `share` of all cases. */
  chance(share: number): boolean {
    return this.#random() < share;
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  /** One of a list. */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError("nothing to pick from");
    return list[this.between(0, list.length - 1)] as T;
  }

  /** `count` times what `draw` draws. */
  times<T>(count: number, draw: (index: number) => T): T[] {
    return Array.from({ length: count }, (_, index) => draw(index));
  }

  /** At most `count` of a list, each once, in any order. */
  some<T>(list: readonly T[], count: number): T[] {
    const left = [...list];
    return this.times(Math.min(count, left.length), () => left.splice(this.between(0, left.length - 1), 1)[0] as T);
  }

  /** So many decimal digits, the first of them perhaps 0. */
  digits(count: number): string {
    return this.times(count, () => this.between(0, 9)).join("");
  }
}
