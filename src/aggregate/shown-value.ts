/** A value in a message. */

const SHOWN = 60;

/** What a value is, short enough for one line. */
export function shownValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}...` : value);
  if (value === null || typeof value !== "object") return String(value);
  if (value instanceof Date) return "a Date";
  return Array.isArray(value) ? "an array" : "an object";
}
