/** Pages of lists: `{items, next}`, where `next` is asked for as `after`. */
import { refusal } from "../../server/problem.ts";

const DEFAULT_LIMIT = 50;
const HIGHEST_LIMIT = 1_000;

/** A list's page; `next: null`: it is the last. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/**
 * How many items a page holds.
 *
 * @throws MillraceError USAGE (400) for anything but 1 to 1,000
 */
export function limitOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > HIGHEST_LIMIT)
    throw refusal(400, `limit: expected a whole number from 1 to ${HIGHEST_LIMIT}`);
  return limit;
}

/**
 * The place behind which a page begins, as a text that nobody should read: its list's name keeps one list's from being
 * taken for another's.
 */
export function cursorAt(list: string, place: string): string {
  return Buffer.from(`${list} ${place}`).toString("base64url");
}

/**
 * The place that {@link cursorAt} was given; undefined: from the beginning.
 *
 * @throws MillraceError USAGE (400) for a text that no page of this list gave as `next`
 */
export function placeOf(list: string, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const text = Buffer.from(cursor, "base64url").toString();
  const place = text.slice(list.length + 1);
  // Decoding passes over what does not belong, so only the way back tells.
  if (place === "" || cursorAt(list, place) !== cursor) throw strangeCursor();
  return place;
}

/** Said of a cursor that leads nowhere. */
export function strangeCursor(): ReturnType<typeof refusal> {
  return refusal(
    400,
    "after: not the `next` of an earlier page of this list, or what it named is gone; begin without after",
  );
}

/** A page of items of which one more than the limit was asked for, if there are so many. */
export function pageOf<T>(found: readonly T[], limit: number, cursorOf: (last: T) => string): Page<T> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last !== undefined ? cursorOf(last) : null };
}
