/** timestamp and timestamptz: microseconds since 2000-01-01, 64 bits. */
import { DAY_MS } from "../../../core/calendar.ts";
import type { ParsedType } from "./binary-type.ts";
import { clockEnd, clockMicros, zoneMicros } from "./clock.ts";
import { daysOf, eraBegin, infinityOf, yearEnd } from "./date.ts";
import { putWords } from "./integer.ts";

const BLANK = 32;
const LOWER = 32;
const SMALL_T = 116;
/** `-MM-dd` */
const MONTH_AND_DAY = 6;
/** 2000-01-01 as milliseconds since 1970. */
const EPOCH_MS = 946_684_800_000;
/** 4714-11-24 BC, and the first moment of 294277, as milliseconds since 2000. */
const FIRST_MS = -211_813_488_000_000;
const END_MS = 9_223_371_331_200_000;
/** In microseconds a double holds these milliseconds exactly, with some to spare. */
const MAX_DOUBLE_MS = 9_000_000_000_000;
const LATER_THAN_ALL = 2n ** 63n - 1n;
const EARLIER_THAN_ALL = -(2n ** 63n);

/** A time on no clock in particular: a zone that a text names is dropped. */
export const timestamp: ParsedType = { oid: 1114, read: reader(false), put: () => -1, putInstant };

/** An instant. A text that names no zone depends on the session's, and is left to the server. */
export const timestamptz: ParsedType = { oid: 1184, read: reader(true), put: () => -1, putInstant };

function reader(isZoned: boolean): ParsedType["read"] {
  return (to, at, from, begin, end) => {
    const infinity = infinityOf(from, begin, end);
    if (infinity !== 0) return putInfinity(to, at, infinity);
    const stop = eraBegin(from, begin, end);
    const year = yearEnd(from, begin, stop);
    const day = year + MONTH_AND_DAY;
    if (year === begin || day > stop) return -1;
    const ms = daysOf(from, begin, year, stop !== end) * DAY_MS;
    if (day === stop) return isZoned ? -1 : putInstant(to, at, ms, 0);
    const clock = clockEnd(from, day + 1, stop);
    if (clock === day + 1 || !isSeparator(from.getUint8(day))) return -1;
    const offset = clock < stop ? zoneMicros(from, clock, stop) : isZoned ? Number.NaN : 0;
    if (Number.isNaN(offset)) return -1;
    const micros = clockMicros(from, day + 1, clock);
    return putInstant(to, at, ms, isZoned ? micros - offset : micros);
  };
}

function isSeparator(byte: number): boolean {
  return byte === BLANK || (byte | LOWER) === SMALL_T;
}

function putInstant(to: DataView, at: number, ms: number, micros: number): number {
  const since = ms - EPOCH_MS;
  const isNear = since > -MAX_DOUBLE_MS && since < MAX_DOUBLE_MS;
  if (isNear) return putWords(to, at, since * 1_000 + micros);
  const whole = since + Math.floor(micros / 1_000);
  if (!(whole >= FIRST_MS && whole < END_MS)) return -1;
  to.setBigInt64(at, BigInt(since) * 1_000n + BigInt(micros));
  return at + 8;
}

function putInfinity(to: DataView, at: number, sign: number): number {
  to.setBigInt64(at, sign > 0 ? LATER_THAN_ALL : EARLIER_THAN_ALL);
  return at + 8;
}
