/** Sizes and durations as people write them: `64KiB`, `1.5MiB`, `500ms`, `10s`. Bytes and milliseconds inside. */
import { MillraceError } from "./errors.ts";

/** Bytes by unit. */
const BYTE_UNITS = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
} as const;

/** Milliseconds by unit. */
const TIME_UNITS = { ms: 1, s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3 } as const;

/** What {@link parseBytes} takes, for messages. */
export const BYTES_ALLOWED = "a number of bytes, or one with B, kB, MB, GB, KiB, MiB or GiB (64KiB)";

/** What {@link parseDuration} takes, for messages. */
export const DURATION_ALLOWED = "a number of milliseconds, or one with ms, s, m, h or d (500ms, 10s)";

/**
 * Bytes of a size as a config spells it.
 *
 * @throws MillraceError CONFIG_INVALID with what is allowed
 * @example
 * parseBytes("64KiB"); // 65536
 */
export function parseBytes(size: string | number): number {
  return parseQuantity(size, BYTE_UNITS, BYTES_ALLOWED);
}

/**
 * Milliseconds of a duration as a config spells it.
 *
 * @throws MillraceError CONFIG_INVALID with what is allowed
 * @example
 * parseDuration("10s"); // 10000
 */
export function parseDuration(duration: string | number): number {
  return parseQuantity(duration, TIME_UNITS, DURATION_ALLOWED);
}

/**
 * A size for people, in binary units.
 *
 * @example
 * formatBytes(1_288_490_189); // "1.2 GiB"
 */
export function formatBytes(bytes: number): string {
  const unit = (["GiB", "MiB", "KiB"] as const).find((name) => Math.abs(bytes) >= BYTE_UNITS[name]);
  return unit === undefined ? `${Math.round(bytes)} B` : `${shortDecimal(bytes / BYTE_UNITS[unit])} ${unit}`;
}

/**
 * A duration for people: the largest unit that fits, with the next smaller one beside minutes, hours and days.
 *
 * @example
 * formatDuration(981); // "0.98 s"
 * formatDuration(150_000); // "2 m 30 s"
 */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 100) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 10_000) return `${trimZeros((milliseconds / 1e3).toFixed(2))} s`;
  const seconds = Math.round(milliseconds / 1e3);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return twoUnits(seconds, 60, "m", 1, "s");
  if (seconds < 86_400) return twoUnits(seconds, 3600, "h", 60, "m");
  return twoUnits(seconds, 86_400, "d", 3600, "h");
}

function parseQuantity(input: string | number, units: Readonly<{ [name: string]: number }>, allowed: string): number {
  const match = /^(?<amount>\d+(?:\.\d+)?)\s*(?<unit>[a-zA-Z]*)$/.exec(String(input).trim());
  const { amount = "", unit = "" } = match?.groups ?? {};
  const factor = unit === "" ? 1 : units[unit];
  const value = match === null || factor === undefined ? Number.NaN : Math.round(Number(amount) * factor);
  if (Number.isSafeInteger(value)) return value;
  throw new MillraceError("CONFIG_INVALID", `expected ${allowed}, got ${JSON.stringify(input)}`);
}

function twoUnits(seconds: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((seconds % large) / small);
  const whole = `${Math.floor(seconds / large)} ${largeName}`;
  return rest === 0 ? whole : `${whole} ${rest} ${smallName}`;
}

function shortDecimal(value: number): string {
  return value >= 100 ? String(Math.round(value)) : trimZeros(value.toFixed(1));
}

function trimZeros(text: string): string {
  return text.replace(/\.?0+$/, "");
}
