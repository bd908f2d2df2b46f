import { expect, test } from "vitest";
import { isOpenSlot } from "../../../src/core/ports/schedule-store.ts";
import { FOLLOWED, FOLLOWING, POISONED, RECORDS } from "./night-jobs.ts";
import { type Night, simulateNight } from "./simulate-night.ts";

const SEEDS = Number(process.env["SEEDS"] ?? 8);
const FIRST = Number(process.env["FIRST_SEED"] ?? 1);

/** What is wrong with the slots of a night. */
function wrongIn({ slots, nominal, runs, recordsOf, rules, timersLeft }: Night): readonly string[] {
  const wrong: string[] = [];
  const runsOf = Map.groupBy(runs, ({ job, slot }) => `${job} ${slot}`);
  for (const [job, kept] of slots) {
    const first = kept[0]?.at ?? Number.POSITIVE_INFINITY;
    const known = new Set(kept.map(({ at }) => at));
    const last = nominal.get(job)?.at(-1) ?? 0;
    for (const at of nominal.get(job) ?? [])
      if (at > first && !known.has(at)) wrong.push(`${job}: ${new Date(at).toISOString()} was forgotten`);
    for (const row of kept) {
      const { slot, at, state, run, reason } = row;
      const tried = runsOf.get(`${job} ${slot}`) ?? [];
      const written = tried.flatMap(({ id }) => recordsOf(id));
      const told = `${job} ${slot} is ${state} (${reason ?? ""}), with ${written.length} records`;
      if (at <= last && isOpenSlot(row)) wrong.push(told);
      if (new Set(written).size < written.length) wrong.push(`${told}: some twice`);
      if (state === "succeeded" && written.length !== RECORDS) wrong.push(told);
      if (state === "succeeded" && tried.find(({ id }) => id === run)?.state !== "succeeded")
        wrong.push(`${told}: its run ${run} has not succeeded`);
      if ((state === "missed" || state === "skipped") && written.length > 0) wrong.push(told);
      if (state === "succeeded" && job === POISONED) wrong.push(told);
      if (state === "failed" && job !== POISONED && !reason?.includes("the disk is full")) wrong.push(told);
      const isAll = rules.catchUp === "all" && rules.overlap === "bufferAll";
      if (isAll && !isOpenSlot(row) && state !== "succeeded" && state !== "failed") wrong.push(told);
    }
  }
  const following = new Set(slots.get(FOLLOWING)?.map(({ slot }) => slot));
  for (const { slot, state } of slots.get(FOLLOWED) ?? [])
    if (state === "succeeded" && !following.has(slot)) wrong.push(`nothing followed ${FOLLOWED} ${slot}`);
  if (timersLeft > 0) wrong.push(`${timersLeft} timers were left behind`);
  return wrong;
}

test(`${SEEDS} nights of faults: at dawn every slot is accounted for, and its records are there once`, {
  timeout: 3_600_000,
}, async () => {
  const wrong: string[] = [];
  const sums = { processes: 0, succeeded: 0, failed: 0, missed: 0 };
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    const night = await simulateNight(seed);
    wrong.push(...wrongIn(night).map((what) => `seed ${seed}: ${what}`));
    sums.processes += night.processes;
    for (const { state } of [...night.slots.values()].flat())
      if (state === "succeeded" || state === "failed" || state === "missed") sums[state]++;
  }
  expect(wrong).toEqual([]);
  // The nights are of some use.
  for (const sum of Object.values(sums)) expect(sum).toBeGreaterThan(SEEDS / 2);
});
