import { describe, expect, test } from "vitest";
import { MillraceError } from "../../../src/core/errors.ts";
import type { SpoolEntry, SpoolOutcome } from "../../../src/core/ports/spool.ts";
import type { StateStore } from "../../../src/core/ports/state-store.ts";
import { openSpool } from "../../../src/pipeline/spool.ts";
import { openMemoryStore } from "../../../src/state/memory.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";

const LIMITS = { bytes: 1_000, entries: 1_000 };

function entryOf(body: string | Uint8Array, key: string | null = null): SpoolEntry {
  return { body: Buffer.from(body), key, receivedAt: 1 };
}

/** A store whose additions wait until they are let go on. */
function slowStore() {
  const steps: { readonly entries: readonly SpoolEntry[]; readonly end: PromiseWithResolvers<void> }[] = [];
  const store = openMemoryStore();
  const addToSpool: StateStore["addToSpool"] = async (job, entries, limits) => {
    const end = Promise.withResolvers<void>();
    steps.push({ entries, end });
    await end.promise;
    return store.addToSpool(job, entries, limits);
  };
  return { steps, state: { ...store, addToSpool } };
}

/** All that is decided by now has happened. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

const spoolOver = (state: StateStore, clock = new FakeClock()) =>
  openSpool({ state, job: "hook", clock, emit: () => {} });

describe("Spool.add()", () => {
  test("makes what comes while something is made durable durable together, in the order in which it came", async () => {
    const { steps, state } = slowStore();
    const spool = spoolOver(state);
    const [first, second, ...others] = ["a", "b", "c", "d", "d"].map((key) => spool.add(entryOf(key, key), LIMITS));
    expect(steps).toHaveLength(2);
    steps[0]?.end.resolve();
    expect(await first).toBe("added");
    await settled();
    expect(steps).toHaveLength(3);
    steps[1]?.end.resolve();
    expect(await second).toBe("added");
    steps[2]?.end.resolve();
    expect(await Promise.all(others)).toEqual(["added", "added", "known"]);
    const bodies = (await spool.read(0n, 1_000)).map(({ body }) => Buffer.from(body).toString());
    expect(bodies).toEqual(["a", "b", "c", "d"]);
    expect(await spool.size()).toMatchObject({ entries: 4 });
  });

  test("bounds the bytes of one step, and takes no more memory along than a body has", async () => {
    const { steps, state } = slowStore();
    const spool = spoolOver(state);
    const mebibyte = Buffer.alloc(1024 * 1024);
    const wide = { bytes: 100 * mebibyte.length, entries: 100 };
    const entries = [entryOf("a"), entryOf("b"), ...Array<SpoolEntry>(6).fill(entryOf(mebibyte))];
    const added = Promise.all(entries.map((one) => spool.add(one, wide)));
    for (let step = 0; step < 4; step++) {
      await settled();
      steps[step]?.end.resolve();
    }
    await added;
    expect(steps.map((step) => step.entries.length)).toEqual([1, 1, 4, 2]);
    expect(steps[0]?.entries[0]?.body.buffer.byteLength).toBe(1);
  });

  test("tells all of a step what it failed of, and goes on with the next", async () => {
    const { steps, state } = slowStore();
    const spool = spoolOver(state);
    const outcome = (added: Promise<SpoolOutcome>): Promise<string> =>
      added.catch((thrown: MillraceError) => thrown.code);
    const first = outcome(spool.add(entryOf("a"), LIMITS));
    const second = outcome(spool.add(entryOf("b"), LIMITS));
    steps[0]?.end.reject(new MillraceError("STATE_UNAVAILABLE", "away"));
    expect(await first).toBe("STATE_UNAVAILABLE");
    await settled();
    steps[1]?.end.resolve();
    expect(await second).toBe("added");
  });
});

describe("Spool.own()", () => {
  test("waits for the process that reads, and is one's own as long as nobody takes it", async () => {
    const clock = new FakeClock(1);
    const state = openMemoryStore();
    const never = new AbortController().signal;
    const told: string[] = [];
    const [one, other] = [0, 1].map(() =>
      openSpool({ state, job: "hook", clock, emit: (event) => void told.push(event.kind) }),
    );
    const first = await one?.own(never);
    const waiting = other?.own(never);
    await clock.advance(2_000);
    expect(told).toEqual(["waiting"]);
    await first?.confirm();
    await first?.[Symbol.asyncDispose]();
    await clock.advance(1_000);
    const second = await waiting;
    expect(second?.lost.aborted).toBe(false);
    await expect(first?.confirm()).rejects.toMatchObject({ code: "FENCED" });
    await second?.[Symbol.asyncDispose]();
    expect(clock.pendingTimers).toBe(0);
  });

  test("waits no longer than it is wanted", async () => {
    const clock = new FakeClock(1);
    const state = openMemoryStore();
    const ending = new AbortController();
    await using _mine = await spoolOver(state, clock).own(ending.signal);
    const waiting = spoolOver(state, clock).own(ending.signal);
    await clock.advance(0);
    ending.abort();
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
  });
});
