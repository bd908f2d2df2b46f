/**
 * Slots of a cron expression in a time zone.
 *
 * The line of time is walked by spans of equal offset from UTC. Inside a span the expression is held against local time;
 * where two spans meet the clocks are set, and the rules are those of vixie cron's crontab(5): a schedule that names its
 * hours is meant by the clock on the wall, so a time that the clocks leave out or have twice still fires once (`dstGap`
 * and `dstFold` say how); one for every hour follows elapsed time, so it fires whenever the local time fits.
 */
import { DAY_MS } from "../../core/calendar.ts";
import { type ZoneOffsets, zoneOffsets } from "../../core/zone-offsets.ts";
import type { CronTrigger } from "../options.ts";
import type { Timetable } from "../timetable.ts";
import { nextClockChange, turnOf } from "./clock-changes.ts";
import { type CronExpression, parseCron } from "./expression.ts";
import { HORIZON_DAYS, nextLocalTime } from "./next-local-time.ts";

/** What a cron timetable is made of; as in a job's trigger. */
export type CronSchedule = Pick<CronTrigger, "schedule" | "timezone" | "dstGap" | "dstFold">;

/** What the clocks did to a slot. */
export type ClockNote =
  /** The local times in [`fromMs`, `toMs`) are left out, and the slot stands for those of them that are meant. */
  | { readonly kind: "gap"; readonly fromMs: number; readonly toMs: number }
  /** The slot's local time occurs twice, and this is the first or the second time. */
  | { readonly kind: "fold"; readonly turn: "first" | "second" };

/** A timetable that can say what the clocks did to it. */
export interface CronTimetable extends Timetable {
  /** The zone's offset from UTC at an instant, in ms. */
  offsetAt(instantMs: number): number;
  /** @param slotMs a slot, as {@link Timetable.after} gives it */
  noteOf(slotMs: number): ClockNote | null;
}

const SECOND_MS = 1000;
const HOURS_OF_DAY = 24;

/** What a timetable is computed from. */
interface Clockwork {
  readonly cron: CronExpression;
  readonly offsetAt: ZoneOffsets;
  /** Whether a time that is left out counts for the end of the gap. */
  readonly movesLeftOut: boolean;
  /** Which of two equal local times fires. */
  readonly wantedTurn: "first" | "second" | "both";
}

/**
 * The timetable of an expression.
 *
 * @throws MillraceError CONFIG_INVALID for the expression or the zone
 * @example
 * const nightly = cronTimetable({ schedule: "0 2 * * *", timezone: "Europe/Berlin", dstGap: "skip", dstFold: "first" });
 * nightly.after(Date.UTC(2026, 0, 1)); // 2026-01-01T01:00Z
 */
export function cronTimetable({ schedule, timezone, dstGap, dstFold }: CronSchedule): CronTimetable {
  const cron = parseCron(schedule);
  const offsetAt = zoneOffsets(timezone);
  const followsElapsedTime = cron.hours.length === HOURS_OF_DAY;
  const clockwork: Clockwork = {
    cron,
    offsetAt,
    movesLeftOut: !followsElapsedTime && dstGap === "runAtNextValid",
    wantedTurn: followsElapsedTime ? "both" : dstFold,
  };
  return {
    fingerprint: `cron ${cron.text} ${timezone} ${followsElapsedTime ? "elapsed" : `${dstGap} ${dstFold}`}`,
    after: (instantMs) => slotAfter(instantMs, clockwork),
    offsetAt,
    noteOf: (slotMs) => noteOf(slotMs, clockwork),
  };
}

function slotAfter(instantMs: number, clockwork: Clockwork): number | null {
  const { cron, offsetAt, movesLeftOut } = clockwork;
  let instant = Math.floor(instantMs / SECOND_MS) * SECOND_MS;
  let fromLocal = instant + offsetAt(instant) + SECOND_MS;
  // what does not come by then comes never: its only local times are ones that the clocks leave out
  const horizon = instant + HORIZON_DAYS * DAY_MS;
  while (instant <= horizon) {
    const local = nextLocalTime(cron, fromLocal);
    if (local === null) return null;
    const slot = local - offsetAt(instant);
    const change = nextClockChange(offsetAt, instant, slot);
    if (change === null) {
      if (isWanted(slot, clockwork)) return slot;
      instant = slot;
      fromLocal = local + SECOND_MS;
    } else {
      fromLocal = change + offsetAt(change);
      if (movesLeftOut && local < fromLocal) return change;
      instant = change;
    }
  }
  return null;
}

function isWanted(slot: number, { offsetAt, wantedTurn }: Clockwork): boolean {
  if (wantedTurn === "both") return true;
  const turn = turnOf(offsetAt, slot);
  return turn === null || turn === wantedTurn;
}

function noteOf(slotMs: number, { cron, offsetAt, movesLeftOut }: Clockwork): ClockNote | null {
  const turn = turnOf(offsetAt, slotMs);
  if (turn !== null) return { kind: "fold", turn };
  const [fromMs, toMs] = [slotMs + offsetAt(slotMs - SECOND_MS), slotMs + offsetAt(slotMs)];
  const leftOut = movesLeftOut && fromMs < toMs ? nextLocalTime(cron, fromMs) : null;
  return leftOut !== null && leftOut < toMs ? { kind: "gap", fromMs, toMs } : null;
}
