/** `millrace schedule`: when a cron expression fires. */
import { systemClock } from "../../core/clock.ts";
import { isMillraceError, MillraceError } from "../../core/errors.ts";
import { displayWidth } from "../../observability/display-width.ts";
import { cronMistake } from "../../scheduling/cron/excerpt.ts";
import { type CronTimetable, cronTimetable } from "../../scheduling/cron/timetable.ts";
import { EXIT } from "../exit-codes.ts";
import { parseInstant } from "../instant.ts";
import { parseFires } from "../options.ts";
import { renderFires } from "../schedule/render.ts";
import { type CliProcess, tableWidth } from "../terminal.ts";

/** The command's options, as the command line gives them. */
export interface ScheduleFlags {
  readonly timezone?: string;
  readonly from?: string;
  readonly count?: string;
  readonly json?: boolean;
}

const DEFAULT_COUNT = 10;

/**
 * Prints the next fires.
 *
 * @returns the exit code; that there are none is no fault
 * @throws MillraceError CONFIG_INVALID for the expression or the zone, USAGE for another option
 */
export function scheduleCommand(expression: string, flags: ScheduleFlags, process: CliProcess): number {
  const { timezone = "UTC", json = false } = flags;
  const count = flags.count === undefined ? DEFAULT_COUNT : parseFires(flags.count);
  const timetable = json ? timetableOf(expression, timezone) : withCaret(() => timetableOf(expression, timezone));
  const from = flags.from === undefined ? systemClock.now() : parseInstant("--from", flags.from, timezone);
  const fires = firesAfter(from, count, timetable);
  const { stdout, stderr } = process;
  if (json) stdout.write(`${JSON.stringify(fires.map((fire) => new Date(fire).toISOString()))}\n`);
  else if (fires.length > 0) stdout.write(`${renderFires(fires, timetable, timezone, tableWidth(stdout))}\n`);
  else stderr.write(`${JSON.stringify(expression)} does not fire any more\n`);
  return EXIT.done;
}

/** With what a job has when it says no more. */
function timetableOf(schedule: string, timezone: string): CronTimetable {
  return cronTimetable({ schedule, timezone, dstGap: "runAtNextValid", dstFold: "first" });
}

function firesAfter(from: number, count: number, timetable: CronTimetable): number[] {
  const fires: number[] = [];
  let fire = timetable.after(from);
  for (; fire !== null && fires.length < count; fire = timetable.after(fire)) fires.push(fire);
  return fires;
}

/** Points at a mistake in the expression. */
function withCaret<T>(read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    const mistake = cronMistake(thrown);
    if (mistake === undefined || !isMillraceError(thrown)) throw thrown;
    const { expression, column } = mistake;
    const blank = " ".repeat(displayWidth(expression.slice(0, column - 1)));
    throw new MillraceError(thrown.code, `${thrown.message}\n  ${expression}\n  ${blank}^`, { cause: thrown });
  }
}
