import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BudgetAccount, MemoryBudget, type Reservation } from "../../src/runtime/memory-budget.ts";

const LIMIT = 100;
const ACCOUNTS = 3;

type Step =
  | { readonly do: "reserve"; readonly account: number; readonly bytes: number }
  | { readonly do: "tryReserve"; readonly account: number; readonly bytes: number }
  | { readonly do: "grow" | "shrink"; readonly pick: number; readonly bytes: number }
  | { readonly do: "release" | "abort"; readonly pick: number };

const account = fc.nat({ max: ACCOUNTS - 1 });
const bytes = fc.oneof(fc.nat({ max: 60 }), fc.constant(150));
const pick = fc.nat();
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("reserve" as const), account, bytes }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("tryReserve" as const), account, bytes }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("grow" as const, "shrink" as const), pick, bytes }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("release" as const), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("abort" as const), pick }) },
);

interface Claim {
  readonly id: number;
  readonly account: number;
  bytes: number;
}

/** The rule written down once more, slowly: everything is a list that is searched. */
class Model {
  readonly held: Claim[] = [];
  readonly waiting: Claim[] = [];
  readonly granted: number[] = [];
  readonly turn: number[] = [];

  get used(): number {
    return this.held.reduce((sum, claim) => sum + claim.bytes, 0);
  }

  ask(claim: Claim, waits: boolean): boolean {
    const first = !this.held.some((other) => other.account === claim.account);
    const room = this.waiting.length === 0 && this.fits(claim);
    if (first || room) {
      this.held.push(claim);
      this.granted.push(claim.id);
      return true;
    }
    if (!waits) return false;
    this.waiting.push(claim);
    if (!this.turn.includes(claim.account)) this.turn.push(claim.account);
    return false;
  }

  remove(list: Claim[], claim: Claim): void {
    list.splice(list.indexOf(claim), 1);
    const stillWaits = this.waiting.some((other) => other.account === claim.account);
    if (!stillWaits && this.turn.includes(claim.account)) this.turn.splice(this.turn.indexOf(claim.account), 1);
  }

  serve(): void {
    for (;;) {
      const empty = this.turn.find((account) => !this.held.some((claim) => claim.account === account));
      const next = this.waiting.find((claim) => claim.account === (empty ?? this.turn[0]));
      if (next === undefined || (empty === undefined && !this.fits(next))) return;
      this.turn.splice(this.turn.indexOf(next.account), 1);
      this.waiting.splice(this.waiting.indexOf(next), 1);
      if (this.waiting.some((claim) => claim.account === next.account)) this.turn.push(next.account);
      this.held.push(next);
      this.granted.push(next.id);
    }
  }

  fits(claim: Claim): boolean {
    return this.used === 0 || this.used + claim.bytes <= LIMIT;
  }
}

/** The budget and the model, side by side. */
class Pair {
  readonly model = new Model();
  readonly budget = new MemoryBudget({ limitBytes: LIMIT });
  readonly granted: number[] = [];
  readonly #accounts: BudgetAccount[] = Array.from({ length: ACCOUNTS }, (_, n) => this.budget.account(`run ${n}`));
  readonly #reservations = new Map<number, Reservation>();
  readonly #aborts = new Map<number, AbortController>();
  #ids = 0;

  async take(step: Step): Promise<void> {
    if (step.do === "reserve") this.#reserve(step.account, step.bytes);
    else if (step.do === "tryReserve") this.#tryReserve(step.account, step.bytes);
    else if (step.do === "abort") this.#abort(step.pick);
    else this.#change(step);
    await new Promise((resolve) => setImmediate(resolve));
    this.check();
  }

  check(): void {
    expect(this.granted).toEqual(this.model.granted);
    expect(this.budget.used).toBe(this.model.used);
    expect(this.budget.waiting).toBe(this.model.waiting.length);
    for (const [number, account] of this.#accounts.entries()) {
      const mine = (claim: Claim) => claim.account === number;
      expect(account.used).toBe(this.model.held.filter(mine).reduce((sum, claim) => sum + claim.bytes, 0));
      expect(account.waiting).toBe(this.model.waiting.some(mine));
      expect(account.waiting && account.used === 0 && !this.model.held.some(mine)).toBe(false);
    }
  }

  #reserve(account: number, bytes: number): void {
    const id = this.#ids++;
    const abort = new AbortController();
    this.#aborts.set(id, abort);
    this.model.ask({ id, account, bytes }, true);
    this.#accounts[account]?.reserve(bytes, abort.signal).then(
      (reservation) => {
        this.#reservations.set(id, reservation);
        this.granted.push(id);
      },
      () => {},
    );
  }

  #tryReserve(account: number, bytes: number): void {
    const id = this.#ids++;
    const reservation = this.#accounts[account]?.tryReserve(bytes);
    expect(reservation !== undefined).toBe(this.model.ask({ id, account, bytes }, false));
    if (reservation === undefined) return;
    this.#reservations.set(id, reservation);
    this.granted.push(id);
  }

  #abort(pick: number): void {
    const claim = this.model.waiting[pick % Math.max(1, this.model.waiting.length)];
    if (claim === undefined) return;
    this.model.remove(this.model.waiting, claim);
    this.#aborts.get(claim.id)?.abort();
    this.model.serve();
  }

  #change(step: Extract<Step, { pick: number }>): void {
    const claim = this.model.held[step.pick % Math.max(1, this.model.held.length)];
    if (claim === undefined) return;
    const reservation = this.#reservations.get(claim.id);
    if (step.do === "release") {
      this.model.held.splice(this.model.held.indexOf(claim), 1);
      reservation?.release();
    } else if (step.do === "grow") {
      claim.bytes += step.bytes;
      return reservation?.grow(step.bytes);
    } else if (step.do === "shrink") {
      const less = Math.min(step.bytes, claim.bytes);
      claim.bytes -= less;
      reservation?.shrink(less);
    }
    this.model.serve();
  }
}

describe("MemoryBudget", () => {
  test("admits exactly what its rule says, in its order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), async (steps) => {
        const pair = new Pair();
        for (const step of steps) await pair.take(step);
      }),
      { numRuns: 400 },
    );
  });

  test("admits everybody in the end if what was admitted is released", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ account, bytes }), { minLength: 1, maxLength: 40 }), async (claims) => {
        const budget = new MemoryBudget({ limitBytes: LIMIT });
        const accounts = Array.from({ length: ACCOUNTS }, (_, n) => budget.account(`run ${n}`));
        await Promise.all(
          claims.map(async ({ account, bytes }) => {
            using _reservation = await accounts[account]?.reserve(bytes);
            await new Promise((resolve) => setImmediate(resolve));
          }),
        );
        expect(budget.used).toBe(0);
        expect(budget.waiting).toBe(0);
      }),
    );
  });
});
