import { describe, expect, test } from "vitest";
import { MillraceError } from "../../../src/core/errors.ts";
import type { Progress } from "../../../src/core/ports/sink.ts";
import type { StateStore } from "../../../src/core/ports/state-store.ts";
import { ProgressMirror } from "../../../src/pipeline/mirror.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { freshProgress } from "../../support/deliveries.ts";

const key = { job: "orders", scope: "run-1", sink: "sink" };
const at = (split: string, ordinal: bigint): Progress => ({
  ...freshProgress(split),
  position: { ordinal, token: `${ordinal}` },
});

function workshop(fails = false) {
  const clock = new FakeClock();
  const writes: string[] = [];
  const mirror = async (_key: unknown, rows: readonly Progress[]): Promise<void> => {
    writes.push(rows.map(({ split, position }) => `${split} ${position.ordinal}`).join(", "));
    if (fails) throw new MillraceError("STATE_UNAVAILABLE", "away");
  };
  return { clock, writes, mirror: new ProgressMirror({ mirror } as unknown as StateStore, key, clock) };
}

describe("ProgressMirror", () => {
  test("writes at most once a second, only what changed, and of each split the newest", async () => {
    const { clock, writes, mirror } = workshop();
    mirror.note([at("a", 1n), at("b", 1n)]);
    mirror.note([at("a", 2n)]);
    await clock.advance(999);
    expect(writes).toEqual([]);
    await clock.advance(1);
    expect(writes).toEqual(["a 2, b 1"]);
    await clock.advance(5000);
    mirror.note([at("b", 3n)]);
    await clock.advance(1000);
    expect(writes).toEqual(["a 2, b 1", "b 3"]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("writes what is left when it is disposed", async () => {
    const { clock, writes, mirror } = workshop();
    mirror.note([at("a", 1n)]);
    await mirror[Symbol.asyncDispose]();
    expect([writes, clock.pendingTimers]).toEqual([["a 1"], 0]);
    await mirror[Symbol.asyncDispose]();
    expect(writes).toHaveLength(1);
  });

  test("goes on when a write fails: it is only a copy", async () => {
    const { clock, writes, mirror } = workshop(true);
    mirror.note([at("a", 1n)]);
    await clock.advance(1000);
    mirror.note([at("a", 2n)]);
    await mirror[Symbol.asyncDispose]();
    expect(writes).toEqual(["a 1", "a 2"]);
  });
});
