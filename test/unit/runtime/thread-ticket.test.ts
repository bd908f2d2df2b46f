import { describe, expect, test } from "vitest";
import { ThreadTicket } from "../../../src/runtime/threads/thread-ticket.ts";

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("ThreadTicket.acquire()", () => {
  test("lends as many permits as there are threads", async () => {
    const ticket = new ThreadTicket(2);
    await ticket.acquire("orders");
    using _second = await ticket.acquire("orders");
    void ticket.acquire("orders");
    await settled();
    expect(ticket.stats).toEqual({ threads: 2, lent: 2, waiting: 1 });
  });

  test("serves owners in turn and each owner in order", async () => {
    const ticket = new ThreadTicket(1);
    const order: string[] = [];
    const work = async (owner: string, name: string) => {
      using _permit = await ticket.acquire(owner);
      order.push(name);
      await settled();
    };
    await Promise.all([
      ...["a1", "a2", "a3", "a4"].map((name) => work("a", name)),
      ...["b1", "b2"].map((name) => work("b", name)),
      work("c", "c1"),
    ]);
    expect(order).toEqual(["a1", "a2", "b1", "c1", "a3", "b2", "a4"]);
    expect(ticket.stats).toEqual({ threads: 1, lent: 0, waiting: 0 });
  });

  test("rejects with ABORTED and lends the permit to the next", async () => {
    const ticket = new ThreadTicket(1);
    const first = await ticket.acquire("a");
    const abort = new AbortController();
    const second = ticket.acquire("a", abort.signal);
    const third = ticket.acquire("b");
    abort.abort();
    await expect(second).rejects.toMatchObject({ code: "ABORTED" });
    expect(ticket.stats.waiting).toBe(1);
    first[Symbol.dispose]();
    await third;
    expect(ticket.stats).toEqual({ threads: 1, lent: 1, waiting: 0 });
  });

  test("rejects an aborted signal without lending", async () => {
    const ticket = new ThreadTicket(1);
    await expect(ticket.acquire("a", AbortSignal.abort())).rejects.toMatchObject({ code: "ABORTED" });
    expect(ticket.stats).toEqual({ threads: 1, lent: 0, waiting: 0 });
  });

  test("takes a permit back once only", async () => {
    const ticket = new ThreadTicket(1);
    const permit = await ticket.acquire("a");
    permit[Symbol.dispose]();
    permit[Symbol.dispose]();
    expect(ticket.stats.lent).toBe(0);
  });

  test.each([0, -1, 1.5])("cannot be made for %d threads", (threads) => {
    expect(() => new ThreadTicket(threads)).toThrow(expect.objectContaining({ code: "INVARIANT" }));
  });
});
