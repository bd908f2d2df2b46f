/** Values as keys of groups: equal values give equal keys, also where they are objects. */

/** What begins the keys of objects, and of the texts that begin like one. */
const MARK = "\0";

/**
 * A value as a key of a Map. A missing field and null are the same key; texts are told apart as they stand, so `1.0` and
 * `1.00` are two.
 */
export function keyOf(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === "string") return value.charCodeAt(0) === 0 ? `${MARK}s${value}` : value;
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return `${MARK}d${value.getTime()}`;
  if (value instanceof Uint8Array) return `${MARK}b${Buffer.from(value).toString("base64")}`;
  return `${MARK}j${JSON.stringify(value, bigintAsText)}`;
}

/** Which of two values comes first: false, true, numbers and dates, NaN, texts, other objects, and nothing last. */
export function compareValues(a: unknown, b: unknown): number {
  const [leftRank, rightRank] = [rankOf(a), rankOf(b)];
  if (leftRank !== rightRank) return leftRank - rightRank;
  const [left, right] = [comparable(a), comparable(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function rankOf(value: unknown): number {
  switch (typeof value) {
    case "boolean":
      return 0;
    case "number":
      return Number.isNaN(value) ? 2 : 1;
    case "bigint":
      return 1;
    case "string":
      return 3;
    default:
      return value === null || value === undefined ? 5 : value instanceof Date ? 1 : 4;
  }
}

function comparable(value: unknown): number | bigint | string {
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "string") return value;
  if (typeof value === "boolean") return Number(value);
  return value instanceof Date ? value.getTime() : String(keyOf(value));
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}
