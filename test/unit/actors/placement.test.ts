import { describe, expect, test } from "vitest";
import { placedInState, placedWithData } from "../../../src/actors/placement.ts";
import type { Advance, Progress, SinkUnit } from "../../../src/core/ports/sink.ts";
import type { StateStore } from "../../../src/core/ports/state-store.ts";
import type { Reject } from "../../../src/core/reject.ts";
import { freshProgress, rejectOf } from "../../support/deliveries.ts";

const advances: readonly Advance[] = [];
const rejects = [rejectOf("a.csv", 1n)];
const key = { job: "orders", scope: "run-1", sink: "sink" };

function parts() {
  const log: string[] = [];
  const count = (list: readonly unknown[]): string => `${list.length} rejects`;
  const unit = {
    commit: async (_advances: readonly Advance[], batch: readonly Reject[]) =>
      void log.push(`unit with ${count(batch)}`),
  } as unknown as SinkUnit;
  const state = {
    commit: async (_key: unknown, _advances: unknown, batch: readonly Reject[]) =>
      void log.push(`state with ${count(batch)}`),
    progress: async (): Promise<readonly Progress[]> => [freshProgress("of the state")],
  } as unknown as StateStore;
  const writer = { progress: async () => [freshProgress("of the sink")] };
  return { log, unit, state, writer };
}

describe("placedWithData()", () => {
  test("commits rows, positions and rejects in the unit's one step", async () => {
    const { log, unit, writer } = parts();
    const placement = placedWithData(writer, null);
    await placement.commitUnit(unit, advances, rejects);
    expect([placement.rejects, placement.commitPositions]).toEqual([null, null]);
    expect(log).toEqual(["unit with 1 rejects"]);
    expect((await placement.progress())[0]?.split).toBe("of the sink");
  });
});

describe("placedInState()", () => {
  test("commits the rows alone, then positions and rejects in the state store", async () => {
    const { log, unit, state } = parts();
    const placement = placedInState(state, key, null);
    await placement.commitUnit(unit, advances, rejects);
    await placement.commitPositions?.(advances, rejects, []);
    expect(placement.rejects).toBeNull();
    expect(log).toEqual(["unit with 0 rejects", "state with 1 rejects"]);
    expect((await placement.progress(["a.csv"]))[0]?.split).toBe("of the state");
  });
});
