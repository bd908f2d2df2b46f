/** Figures as people read them: `391,204`, `71 MB`, `91 %`. Durations are core's `formatDuration`. */

/** A whole number with thousands separators. (`Intl` would do it too, for 7 MB of memory.) */
export function formatCount(count: number): string {
  return Math.round(count)
    .toFixed(0)
    .replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

/**
 * Bytes in decimal units, as disks and networks are sold and as RSS is quoted; core's `formatBytes` is for sizes that a
 * config spells.
 *
 * @example
 * formatSize(121_400_000); // "121 MB"
 */
export function formatSize(bytes: number): string {
  if (bytes >= 1e9) return `${shortDecimal(bytes / 1e9)} GB`;
  if (bytes >= 1e6) return `${shortDecimal(bytes / 1e6)} MB`;
  return bytes >= 1e3 ? `${shortDecimal(bytes / 1e3)} kB` : `${Math.round(bytes)} B`;
}

/** A share between 0 and 1 as whole percent; rounded down, so that only a whole is 100 %. */
export function formatPercent(share: number): string {
  return `${Math.floor(share * 100 + 1e-9)} %`;
}

/** `count` with the noun in the right number; the plural is the singular with an s. */
export function formatCounted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Rounds to `digits` significant digits, for estimates that should not look exact. */
export function roundToDigits(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}

function shortDecimal(value: number): string {
  return value >= 10 ? formatCount(value) : value.toFixed(1).replace(/\.0$/, "");
}
