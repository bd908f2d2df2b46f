import { describe, expect, test } from "vitest";
import { type BudgetAccount, MemoryBudget, defaultBudgetBytes } from "../../../src/runtime/memory-budget.ts";

/** An account that already holds one byte, so that the rule of the first chunk does not apply to it. */
async function busyAccount(budget: MemoryBudget, owner: string): Promise<BudgetAccount> {
  const account = budget.account(owner);
  await account.reserve(1);
  return account;
}

/** Notes the order in which admissions are granted. */
function admissions() {
  const granted: string[] = [];
  const ask = async (account: BudgetAccount, bytes: number, name: string) => {
    const reservation = await account.reserve(bytes);
    granted.push(name);
    return reservation;
  };
  return { granted, ask };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("BudgetAccount.overdraw()", () => {
  test("grants all waiting admissions of its own, whatever the budget says", async () => {
    const budget = new MemoryBudget({ limitBytes: 10 });
    const { granted, ask } = admissions();
    const [one, other] = [await busyAccount(budget, "one"), await busyAccount(budget, "other")];
    one.overdraw();
    void ask(other, 50, "other's");
    void ask(one, 20, "first");
    void ask(one, 30, "second");
    one.overdraw();
    await settled();
    expect([granted, budget.used, budget.waiting]).toEqual([["first", "second"], 52, 1]);
  });
});

describe("BudgetAccount.reserve()", () => {
  test("admits at once while the budget lasts", async () => {
    const budget = new MemoryBudget({ limitBytes: 100 });
    const account = budget.account("orders");
    await account.reserve(40);
    await account.reserve(60);
    expect(budget.used).toBe(100);
    expect(account.used).toBe(100);
    expect(budget.waiting).toBe(0);
  });

  test("waits when the budget is spent, until enough is released", async () => {
    const budget = new MemoryBudget({ limitBytes: 100 });
    const { granted, ask } = admissions();
    const account = budget.account("orders");
    const [first, second] = [await account.reserve(50), await account.reserve(50)];
    void ask(account, 60, "third");
    first.release();
    await settled();
    expect(granted).toEqual([]);
    expect(account.waiting).toBe(true);
    second.shrink(10);
    await settled();
    expect(granted).toEqual(["third"]);
    expect(account.waiting).toBe(false);
    expect(budget.used).toBe(100);
  });

  test("admits an account that holds nothing whatever the budget says", async () => {
    const budget = new MemoryBudget({ limitBytes: 100 });
    await budget.account("big").reserve(100);
    await budget.account("first").reserve(1000);
    expect(budget.used).toBe(1100);
  });

  test("admits an account that holds nothing even while others wait", async () => {
    const budget = new MemoryBudget({ limitBytes: 100 });
    const account = budget.account("big");
    await account.reserve(100);
    void account.reserve(10);
    await budget.account("newcomer").reserve(50);
    expect(budget.waiting).toBe(1);
  });

  test("admits a waiting account as soon as it holds nothing", async () => {
    const budget = new MemoryBudget({ limitBytes: 100 });
    await budget.account("hog").reserve(500);
    const account = budget.account("orders");
    const only = await account.reserve(10);
    const next = account.reserve(200);
    only.release();
    await next;
    expect(budget.used).toBe(700);
  });

  test("admits what is larger than the whole budget once nobody holds anything", async () => {
    const budget = new MemoryBudget({ limitBytes: 100 });
    const account = budget.account("orders");
    const [kept, other] = [await account.reserve(0), await account.reserve(10)];
    const huge = account.reserve(1000);
    other.release();
    await huge;
    expect(kept.bytes).toBe(0);
  });

  test("does not let a small admission overtake a big one", async () => {
    const budget = new MemoryBudget({ limitBytes: 100 });
    const { granted, ask } = admissions();
    const [one, two] = [await busyAccount(budget, "one"), await busyAccount(budget, "two")];
    const hold = await one.reserve(50);
    void ask(one, 90, "big");
    void ask(two, 10, "small");
    await settled();
    expect(two.tryReserve(1)).toBeUndefined();
    expect(granted).toEqual([]);
    hold.release();
    await settled();
    expect(granted).toEqual(["big"]);
    expect(budget.waiting).toBe(1);
  });

  test("serves the accounts in turn and each account in order", async () => {
    const budget = new MemoryBudget({ limitBytes: 100 });
    const { granted, ask } = admissions();
    const [one, two] = [await busyAccount(budget, "one"), await busyAccount(budget, "two")];
    const hold = await one.reserve(98);
    for (const name of ["one-a", "one-b", "one-c"]) void ask(one, 10, name);
    for (const name of ["two-a", "two-b"]) void ask(two, 10, name);
    hold.release();
    await settled();
    expect(granted).toEqual(["one-a", "two-a", "one-b", "two-b", "one-c"]);
  });

  test("rejects with ABORTED and lets those behind go on", async () => {
    const budget = new MemoryBudget({ limitBytes: 100 });
    const { granted, ask } = admissions();
    const [one, two] = [await busyAccount(budget, "one"), await busyAccount(budget, "two")];
    await one.reserve(50);
    const abort = new AbortController();
    const big = one.reserve(90, abort.signal);
    void ask(two, 10, "small");
    abort.abort();
    await expect(big).rejects.toMatchObject({ code: "ABORTED" });
    await settled();
    expect(granted).toEqual(["small"]);
    expect(budget.used).toBe(62);
    expect(budget.waiting).toBe(0);
  });

  test("keeps an account in turn while another of its admissions waits", async () => {
    const budget = new MemoryBudget({ limitBytes: 100 });
    const account = await busyAccount(budget, "orders");
    const hold = await account.reserve(99);
    const abort = new AbortController();
    const first = account.reserve(50, abort.signal);
    const second = account.reserve(60);
    abort.abort();
    await expect(first).rejects.toMatchObject({ code: "ABORTED" });
    hold.release();
    await second;
    expect(budget.used).toBe(61);
  });

  test("rejects an aborted signal even where there is room", async () => {
    const budget = new MemoryBudget({ limitBytes: 100 });
    await expect(budget.account("orders").reserve(1, AbortSignal.abort())).rejects.toMatchObject({ code: "ABORTED" });
    expect(budget.used).toBe(0);
  });

  test("refuses what is no size", () => {
    const budget = new MemoryBudget({ limitBytes: 100 });
    expect(() => budget.account("orders").reserve(-1)).toThrow(expect.objectContaining({ code: "INVARIANT" }));
  });
});

describe("BudgetAccount.tryReserve()", () => {
  test("admits what needs no waiting and nothing else", async () => {
    const budget = new MemoryBudget({ limitBytes: 100 });
    const account = await busyAccount(budget, "orders");
    expect(account.tryReserve(99)?.bytes).toBe(99);
    expect(account.tryReserve(1)).toBeUndefined();
    expect(budget.used).toBe(100);
  });
});

describe("Reservation", () => {
  test("grow() is granted beyond the limit and paid back by later admissions", async () => {
    const budget = new MemoryBudget({ limitBytes: 100 });
    const { granted, ask } = admissions();
    const account = await busyAccount(budget, "orders");
    const reservation = await account.reserve(50);
    reservation.grow(200);
    expect(reservation.bytes).toBe(250);
    expect(budget.used).toBe(251);
    void ask(account, 10, "later");
    reservation.shrink(150);
    await settled();
    expect(granted).toEqual([]);
    reservation.shrink(90);
    await settled();
    expect(granted).toEqual(["later"]);
    expect(account.used).toBe(21);
  });

  test("release() gives all back, once; disposing afterwards does no harm", async () => {
    const budget = new MemoryBudget({ limitBytes: 100 });
    {
      using reservation = await budget.account("orders").reserve(50);
      reservation.grow(5);
      reservation.release();
      expect(budget.used).toBe(0);
      expect(() => reservation.release()).toThrow(expect.objectContaining({ code: "DOUBLE_RELEASE" }));
    }
    expect(budget.used).toBe(0);
  });

  test("disposing releases", async () => {
    const budget = new MemoryBudget({ limitBytes: 100 });
    {
      using _reservation = await budget.account("orders").reserve(50);
      expect(budget.used).toBe(50);
    }
    expect(budget.used).toBe(0);
  });

  test("cannot shrink below nothing nor change after its release", async () => {
    const budget = new MemoryBudget({ limitBytes: 100 });
    const reservation = await budget.account("orders").reserve(50);
    const invariant = expect.objectContaining({ code: "INVARIANT" });
    expect(() => reservation.shrink(51)).toThrow(invariant);
    reservation.release();
    expect(() => reservation.grow(1)).toThrow(invariant);
    expect(() => reservation.shrink(0)).toThrow(invariant);
    expect(budget.used).toBe(0);
  });
});

describe("MemoryBudget.onWaiting()", () => {
  test("is called when an admission begins to wait, until disposed", async () => {
    const budget = new MemoryBudget({ limitBytes: 100 });
    const account = await busyAccount(budget, "orders");
    const calls: [string, boolean][] = [];
    const subscription = budget.onWaiting(({ owner, waiting }) => void calls.push([owner, waiting]));
    await account.reserve(99);
    expect(calls).toEqual([]);
    void account.reserve(50);
    expect(calls).toEqual([["orders", true]]);
    subscription[Symbol.dispose]();
    void account.reserve(50);
    expect(calls).toHaveLength(1);
  });

  test("may release what lets the admission in", async () => {
    const budget = new MemoryBudget({ limitBytes: 100 });
    const account = await busyAccount(budget, "orders");
    const held = await account.reserve(99);
    budget.onWaiting(() => held.release());
    await account.reserve(50);
    expect(budget.used).toBe(51);
  });
});

describe("defaultBudgetBytes()", () => {
  test("is a quarter of the control group's limit", () => expect(defaultBudgetBytes(1000, 8000)).toBe(250));
  test("is a quarter of the machine where there is no limit", () => {
    expect(defaultBudgetBytes(1.8e19, 8000)).toBe(2000);
    expect(defaultBudgetBytes(0, 8000)).toBe(2000);
  });
  test("reads both by itself", () => expect(defaultBudgetBytes()).toBeGreaterThan(0));
});
