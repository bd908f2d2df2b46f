/** Durations as Compose and systemd write them. */

const UNITS: { readonly [unit: string]: number } = { s: 1_000, min: 60_000, m: 60_000 };

/** `45s`, `1m`, `10min` in milliseconds. */
export function toMilliseconds(text: string | undefined): number {
  const { digits, unit = "" } = /^(?<digits>\d+)(?<unit>s|m|min)$/.exec(text ?? "")?.groups ?? {};
  const factor = UNITS[unit];
  if (factor === undefined) throw new TypeError(`no duration: ${text}`);
  return Number(digits) * factor;
}
