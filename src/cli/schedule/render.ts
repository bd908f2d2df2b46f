/** The fires of a schedule for people. */
import type { ClockNote, CronTimetable } from "../../scheduling/cron/timetable.ts";
import { textTable } from "../text-table.ts";

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MINUTE_MS = 60_000;

/**
 * A line a fire: local time, weekday, offset, the same instant in UTC, and what the clocks did to it.
 *
 * @param width columns of the terminal
 */
export function renderFires(
  fires: readonly number[],
  timetable: CronTimetable,
  timezone: string,
  width: number,
): string {
  const rows = fires.map((fire) => {
    const offset = timetable.offsetAt(fire);
    const local = fire + offset;
    const weekday = WEEKDAYS[new Date(local).getUTCDay()] ?? "";
    const note = timetable.noteOf(fire);
    return [
      timeText(local),
      weekday,
      offsetText(offset),
      `${timeText(fire)}Z`,
      note === null ? "" : noteText(note, local),
    ];
  });
  const hasNotes = rows.some((row) => row.at(-1) !== "");
  const headings = [`time in ${timezone}`, "day", "offset", "UTC", ...(hasNotes ? ["the clocks"] : [])];
  return textTable(headings, rows, { width });
}

function noteText(note: ClockNote, localMs: number): string {
  if (note.kind === "fold") return `go back: ${timeText(localMs).slice(11, 16)} for the ${note.turn} time`;
  const [from, to] = [timeText(note.fromMs), timeText(note.toMs)];
  const start = from.slice(0, 10) === to.slice(0, 10) ? 11 : 0;
  return `go forward: ${from.slice(start, 16)} to ${to.slice(start, 16)} is left out, so it fires at its end`;
}

/** `2026-11-22 02:00:00`. */
function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

/** `+05:30`. */
function offsetText(offsetMs: number): string {
  const minutes = Math.abs(offsetMs) / MINUTE_MS;
  const digits = [Math.floor(minutes / 60), Math.floor(minutes % 60)].map((part) => String(part).padStart(2, "0"));
  return `${offsetMs < 0 ? "-" : "+"}${digits.join(":")}`;
}
