import { describe, expect, test } from "vitest";
import type { LeaseOwner, StateStore } from "../../../src/core/ports/state-store.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import { type LeaseOptions, RunLease } from "../../../src/pipeline/lease.ts";
import { openMemoryStore } from "../../../src/state/memory.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";

const ownerOf = (id: string): LeaseOwner => ({ id, host: `host-${id}`, pid: 7, machine: "m", processStart: "1" });

/** Several processes on one store. */
class Office {
  readonly clock = new FakeClock(1_000_000);
  readonly state: StateStore;
  alive: "alive" | "dead" | "unknown" = "alive";

  constructor(state: StateStore = openMemoryStore()) {
    this.state = state;
  }

  acquire(id: string, change: Partial<LeaseOptions> = {}): Promise<RunLease> {
    const { clock, state } = this;
    return RunLease.acquire({
      state,
      job: "orders",
      scope: "|[]",
      owner: ownerOf(id),
      clock,
      isAlive: () => this.alive,
      ...change,
    });
  }
}

describe("RunLease", () => {
  test("is held by one process, and the others are told who has it", async () => {
    const office = new Office();
    await using _first = await office.acquire("a");
    await expect(office.acquire("b")).rejects.toMatchObject({
      code: "LEASE_HELD",
      message:
        "orders is already being run by process 7 on host-a; its lease holds for another 30 s unless it is renewed. --wait waits for its end",
    });
    await using _other = await office.acquire("b", { scope: "2026-01-01|[]" });
  });

  test("is free again once it is disposed, and leaves no timer", async () => {
    const office = new Office();
    await (await office.acquire("a"))[Symbol.asyncDispose]();
    expect(office.clock.pendingTimers).toBe(0);
    await using _second = await office.acquire("b");
  });

  test("is renewed as long as it is held", async () => {
    const office = new Office();
    await using lease = await office.acquire("a");
    await office.clock.advance(120_000);
    await expect(office.acquire("b")).rejects.toMatchObject({ code: "LEASE_HELD" });
    expect(lease.lost.aborted).toBe(false);
  });

  test("is taken over at once from a process that is known to be dead, and only then", async () => {
    const office = new Office();
    const first = await office.acquire("a");
    office.alive = "unknown";
    await expect(office.acquire("b")).rejects.toMatchObject({ code: "LEASE_HELD" });
    office.alive = "dead";
    await using second = await office.acquire("b");
    expect(first.lost.aborted).toBe(false);
    await office.clock.advance(10_000);
    expect(first.lost.reason).toMatchObject({
      code: "FENCED",
      message: "orders was taken over by process 7 on host-b; this process writes no more",
    });
    expect(second.lost.aborted).toBe(false);
    await first[Symbol.asyncDispose]();
    office.alive = "alive";
    await expect(office.acquire("c")).rejects.toMatchObject({ code: "LEASE_HELD" });
  });

  describe("that is waited for", () => {
    /** Somebody who waits: what it was told, and what became of it. */
    function waitFor(
      office: Office,
      signal = new AbortController().signal,
    ): { told: unknown[]; got: Promise<RunLease> } {
      const told: unknown[] = [];
      const tell = (owner: string, forMs: number): void => void told.push([owner, forMs]);
      return { told, got: office.acquire("b", { wait: { signal, tell } }) };
    }

    test("is had when its owner ends, and the owner is named once", async () => {
      const office = new Office();
      const first = await office.acquire("a");
      const { told, got } = waitFor(office);
      await office.clock.advance(45_000);
      expect(told).toEqual([["process 7 on host-a", 30_000]]);
      await first[Symbol.asyncDispose]();
      await office.clock.advance(1_000);
      await using _second = await got;
      await expect(office.acquire("c")).rejects.toMatchObject({ message: expect.stringContaining("on host-b;") });
    });

    test("is had as soon as its owner is known to be dead, else when it has run out", async () => {
      const office = new Office();
      office.alive = "unknown";
      const silent = { ...office.state, acquireLease: () => new Promise<never>(() => {}) };
      for (const dies of [true, false]) {
        let isSilent = false;
        const state: StateStore = {
          ...silent,
          acquireLease: (...args) => (isSilent ? silent : office.state).acquireLease(...args),
        };
        const first = await office.acquire("a", { state });
        isSilent = true;
        const { got } = waitFor(office);
        let isHad = false;
        void got.then(() => (isHad = true));
        await office.clock.advance(29_000);
        expect(isHad).toBe(false);
        if (dies) office.alive = "dead";
        await office.clock.advance(dies ? 1_000 : 2_000);
        expect(isHad).toBe(true);
        office.alive = "unknown";
        await (await got)[Symbol.asyncDispose]();
        expect(first.lost.aborted).toBe(false);
      }
    });

    test("is waited for no longer than its signal allows", async () => {
      const office = new Office();
      await using _first = await office.acquire("a");
      const ending = new AbortController();
      const { got } = waitFor(office, ending.signal);
      await office.clock.advance(5_000);
      ending.abort("SIGINT");
      await expect(got).rejects.toMatchObject({
        code: "ABORTED",
        message: "orders: waits no longer for process 7 on host-a",
      });
      expect(office.clock.pendingTimers).toBe(1);
    });
  });

  test("outlives a store that cannot be asked for a moment", async () => {
    const state = openMemoryStore();
    let isAway = false;
    const flaky: StateStore = {
      ...state,
      acquireLease: (...args) =>
        isAway ? Promise.reject(new MillraceError("STATE_UNAVAILABLE", "away")) : state.acquireLease(...args),
    };
    const office = new Office(flaky);
    await using lease = await office.acquire("a");
    isAway = true;
    await office.clock.advance(20_000);
    isAway = false;
    await office.clock.advance(10_000);
    expect(lease.lost.aborted).toBe(false);
    await expect(office.acquire("b")).rejects.toMatchObject({ message: expect.stringContaining("another 30 s") });
  });

  test("does not fail a run that is over because it cannot be given back", async () => {
    const state = openMemoryStore();
    const flaky: StateStore = {
      ...state,
      releaseLease: () => Promise.reject(new MillraceError("STATE_UNAVAILABLE", "away")),
    };
    await (await new Office(flaky).acquire("a"))[Symbol.asyncDispose]();
  });

  test("waits for a renewal under way when it is disposed, and does not begin another", async () => {
    const state = openMemoryStore();
    const gate = Promise.withResolvers<void>();
    let asked = 0;
    const slow: StateStore = {
      ...state,
      acquireLease: async (...args) => {
        if (++asked > 1) await gate.promise;
        return state.acquireLease(...args);
      },
    };
    const office = new Office(slow);
    const lease = await office.acquire("a");
    await office.clock.advance(10_000);
    let disposed = false;
    const disposing = lease[Symbol.asyncDispose]().then(() => (disposed = true));
    await office.clock.advance(0);
    expect(disposed).toBe(false);
    gate.resolve();
    await disposing;
    await office.clock.advance(60_000);
    expect([asked, office.clock.pendingTimers]).toEqual([2, 0]);
  });
});
