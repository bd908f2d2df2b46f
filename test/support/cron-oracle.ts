/**
 * Slots of a schedule by brute force: every minute of local time is held against the fields one by one, and looked up in a
 * table of what `Intl` says of every hour of real time. Shares nothing with src/scheduling.
 */

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;
/** Between two answers that differ every minute is asked for. */
const ASKED_EVERY_MINUTES = 60;
const NEVER = -1;

/** What a generated expression means, field by field. */
export interface NaiveSchedule {
  readonly seconds: readonly number[];
  readonly minute: (value: number) => boolean;
  readonly hour: (value: number) => boolean;
  readonly month: (value: number) => boolean;
  /** Of a local date at noon, written as if it were UTC. */
  readonly day: (date: Date) => boolean;
}

/** How the clocks' changes are meant. */
export interface NaiveRules {
  readonly dstGap: "runAtNextValid" | "skip";
  readonly dstFold: "first" | "second" | "both";
}

/** Real and local time of a zone, minute by minute. */
export interface ZoneTable {
  readonly zone: string;
  /** The span, in ms since 1970; slots within a day of its ends are not known. */
  readonly from: number;
  readonly until: number;
  /** Local minutes since 1970 that the table begins with. */
  readonly firstLocal: number;
  /** For every local minute the minutes of real time since 1970 at which it comes; -1 where it does not. */
  readonly first: Int32Array;
  readonly second: Int32Array;
  /** Instants at which the clocks are set. */
  readonly changes: readonly number[];
}

/** Walks the real time of `days` days. */
export function zoneTable(zone: string, start: string, days: number): ZoneTable {
  const from = Date.parse(start);
  const until = from + days * DAY_MINUTES * MINUTE_MS;
  const offsetAt = offsetReader(zone);
  const firstLocal = from / MINUTE_MS - 2 * DAY_MINUTES;
  const size = (days + 4) * DAY_MINUTES;
  const table = { first: new Int32Array(size).fill(NEVER), second: new Int32Array(size).fill(NEVER) };
  const changes: number[] = [];
  let offset = offsetAt(from);
  let isSteady = true;
  for (let minute = from / MINUTE_MS; minute < until / MINUTE_MS; minute++) {
    const at = minute * MINUTE_MS;
    if (minute % ASKED_EVERY_MINUTES === 0) isSteady = offsetAt(at + ASKED_EVERY_MINUTES * MINUTE_MS) === offset;
    const now = isSteady ? offset : offsetAt(at);
    if (now !== offset) changes.push(at);
    offset = now;
    const local = minute + offset - firstLocal;
    const turn = table.first[local] === NEVER ? table.first : table.second;
    turn[local] = minute;
  }
  return { zone, from, until, firstLocal, changes, ...table };
}

/** The slots of a table's span in order, a day within its ends. */
export function slotsByBruteForce(
  schedule: NaiveSchedule,
  { dstGap, dstFold }: NaiveRules,
  table: ZoneTable,
): number[] {
  const isHourly = Array.from({ length: 24 }, (_, hour) => hour).every(schedule.hour);
  const fold = isHourly ? "both" : dstFold;
  const slots = new Set<number>();
  for (const local of matchingMinutes(schedule, table)) {
    const [first, second] = [table.first[local] ?? NEVER, table.second[local] ?? NEVER];
    const turns = second === NEVER || fold === "first" ? [first] : fold === "second" ? [second] : [first, second];
    if (first !== NEVER) {
      for (const minute of turns) for (const second of schedule.seconds) slots.add(minute * MINUTE_MS + second * 1000);
    } else if (!isHourly && dstGap === "runAtNextValid") slots.add(nextValid(local, table) * MINUTE_MS);
  }
  return [...slots].filter((slot) => isKnown(slot, table)).sort((a, b) => a - b);
}

/** Whether the table has all that decides about a slot. */
export function isKnown(slot: number, { from, until }: Pick<ZoneTable, "from" | "until">): boolean {
  const margin = 1.5 * DAY_MINUTES * MINUTE_MS;
  return slot >= from + margin && slot < until - margin;
}

function* matchingMinutes(schedule: NaiveSchedule, { firstLocal, first }: ZoneTable): Generator<number> {
  for (let index = 0; index < first.length; index += DAY_MINUTES) {
    const noon = new Date((firstLocal + index + DAY_MINUTES / 2) * MINUTE_MS);
    if (!schedule.month(noon.getUTCMonth() + 1) || !schedule.day(noon)) continue;
    for (let minute = 0; minute < DAY_MINUTES; minute++) {
      if (schedule.hour(Math.floor(minute / 60)) && schedule.minute(minute % 60)) yield index + minute;
    }
  }
}

/** The real minute of the first local one behind `local` that there is. */
function nextValid(local: number, { first }: ZoneTable): number {
  let next = local;
  while (first[next] === NEVER) next++;
  return first[next] ?? NEVER;
}

/** The offset from UTC in minutes, told by the parts of the local time. */
function offsetReader(timeZone: string): (instantMs: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    ...{ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" },
  });
  return (instantMs) => {
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0] =
      format.format(instantMs).match(/\d+/g)?.map(Number) ?? [];
    return (Date.UTC(year, month - 1, day, hour, minute) - instantMs) / MINUTE_MS;
  };
}
