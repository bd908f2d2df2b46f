/** Which requests of a path go wrong, and how: by their number, or by a chance that a seed decides. */
import { type Random, seededRandom } from "../../../src/core/random.ts";
import type { Fault } from "./fault.ts";

/** One fault and when it strikes. Requests of a path are numbered from 1. */
export interface FaultRule {
  readonly fault: Fault;
  /** These requests. */
  readonly at?: readonly number[];
  /** Each so many-th request. */
  readonly every?: number;
  /** From this request on. */
  readonly from?: number;
  /** Up to this request, with it. */
  readonly to?: number;
  /** As likely as this, 0 to 1. */
  readonly chance?: number;
}

/** Decides over the requests of one path. */
export class FaultPlan {
  readonly #rules: readonly FaultRule[];
  readonly #random: Random;
  #requests = 0;

  constructor(rules: readonly FaultRule[], seed: number) {
    this.#rules = rules;
    this.#random = seededRandom(seed);
  }

  /** What happens to the next request; the first rule that applies decides. */
  next(): Fault | null {
    this.#requests++;
    return this.#rules.find((rule) => this.#applies(rule))?.fault ?? null;
  }

  #applies({ at, every, from = 1, to = Number.POSITIVE_INFINITY, chance }: FaultRule): boolean {
    const number = this.#requests;
    if (number < from || number > to) return false;
    if (at !== undefined && !at.includes(number)) return false;
    if (every !== undefined && number % every !== 0) return false;
    return chance === undefined || this.#random() < chance;
  }
}
