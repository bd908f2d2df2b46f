/** Items that fail. */
import { MillraceError } from "../core/errors.ts";
import { messageOf } from "../core/thrown.ts";

/** Told of every item that failed; it is left out of the results. */
export type OnItemError<T> = (error: Error, item: T, index: number) => void;

/** The error of a batch that one item ends; says which, and keeps what was thrown as its cause. */
export function itemError(thrown: unknown, index: number): MillraceError {
  const message = `item ${index}: ${messageOf(thrown)}`;
  if (!(thrown instanceof MillraceError)) {
    return new MillraceError("ITEM_FAILED", message, { cause: thrown, details: { index } });
  }
  const { code, fault, details } = thrown;
  return new MillraceError(code, message, { cause: thrown, fault, details: { ...details, index } });
}

/** What was thrown, as an error. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new MillraceError("ITEM_FAILED", messageOf(thrown), { cause: thrown });
}

/** The error of items or results that structured clone refuses. */
export function immovable(why: string, cause: unknown): MillraceError {
  return new MillraceError(
    "USAGE",
    `mapParallel: an item or its result cannot be moved between threads: ${why} Move plain data: no functions, no promises`,
    { cause },
  );
}
