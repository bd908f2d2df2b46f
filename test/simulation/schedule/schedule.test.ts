import { expect, test } from "vitest";
import { OPEN_SLOTS } from "../../../src/core/ports/schedule-store.ts";
import { simulateSchedule } from "./simulate-schedule.ts";

const SEEDS = Number(process.env["SEEDS"] ?? 1_000);
const FIRST = Number(process.env["FIRST_SEED"] ?? 1);
/** Nights in which only a look for what others left finds the last slot. */
const LEFT_BEHIND = [3_482, 4_499];

test(`${SEEDS} nights of dying schedulers: every slot is accounted for, and each is run once`, {
  timeout: 600_000,
}, async () => {
  const wrong: string[] = [];
  let deaths = 0;
  for (const seed of [...Array.from({ length: SEEDS }, (_, index) => FIRST + index), ...LEFT_BEHIND]) {
    const night = await simulateSchedule(seed);
    deaths += night.deaths;
    const told = (what: string): void => void wrong.push(`seed ${seed}: ${what}`);
    const { slots, nominal, completed, rules } = night;
    const kept = new Map(slots.map((slot) => [slot.at, slot]));
    // The first look says where the schedule begins: what lies before it never was a slot.
    const first = slots[0]?.at ?? Number.POSITIVE_INFINITY;
    for (const at of nominal) if (at > first && !kept.has(at)) told(`${new Date(at).toISOString()} was forgotten`);
    for (const { slot, state, run } of slots) {
      const ends = completed.get(`tick ${slot}`) ?? 0;
      // One that failed may be tried again before a slot of the quiet time.
      if (OPEN_SLOTS.includes(state) && run === null && Date.parse(slot) <= (nominal.at(-1) ?? 0))
        told(`${slot} is still ${state}`);
      if (ends > 1) told(`${slot} was run ${ends} times`);
      if (state === "succeeded" && ends !== 1) told(`${slot} succeeded without a run`);
      if (ends === 1 && (state === "missed" || state === "skipped")) told(`${slot} was run and is ${state}`);
      const isAll = rules.catchUp === "all" && rules.overlap === "bufferAll";
      if (isAll && state !== "succeeded" && state !== "failed" && !OPEN_SLOTS.includes(state))
        told(`${slot} is ${state}, although all are caught up with`);
    }
  }
  expect(wrong).toEqual([]);
  expect(deaths).toBeGreaterThan(SEEDS / 2);
});
