/** How long a server asks to be left alone: RFC 9110, 10.2.3. */

/** A longer wait is taken as this one: whoever says more is asked again a day later. */
const LONGEST_MS = 24 * 60 * 60 * 1_000;

/** The three notations of a date: RFC 9110, 5.6.7. */
const DATE =
  /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} [\d:]{8} GMT$|^[A-Z][a-z]+, \d{2}-[A-Z][a-z]{2}-\d{2} [\d:]{8} GMT$|^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4}$/;

/**
 * The wait that an answer's Retry-After means, in milliseconds; undefined where it says none. A date counts from the answer's
 * own Date, if there is one: clocks differ.
 *
 * @param now wall-clock time, milliseconds since 1970
 */
export function retryAfterMs(header: (name: string) => string | undefined, now: number): number | undefined {
  const text = header("retry-after")?.trim();
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, LONGEST_MS);
  const until = dateOf(text);
  if (until === undefined) return undefined;
  const from = dateOf(header("date")?.trim() ?? "") ?? now;
  return Math.min(Math.max(until - from, 0), LONGEST_MS);
}

function dateOf(text: string): number | undefined {
  if (!DATE.test(text)) return undefined;
  const time = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  return Number.isNaN(time) ? undefined : time;
}
