/** Texts in requests, as far as every store and file name can hold them. */
import { z } from "zod";
import { MillraceError } from "../../core/errors.ts";

const LONGEST_LINE = 200;

/** Any text but one with NUL, which Postgres does not hold, or with half a character. */
export function plainText(longest: number) {
  return z
    .string()
    .max(longest)
    .refine((text) => !text.includes("\0") && text.isWellFormed(), "expected text without NUL");
}

/** A word or a sentence: not empty, without control characters. */
export function lineText(longest = LONGEST_LINE) {
  return z
    .string()
    .min(1)
    .max(longest)
    .refine((text) => !/\p{Cc}/u.test(text) && text.isWellFormed(), "expected text without control characters");
}

/** Whether a run may be called so; no store is asked for what none is called. */
export function isRunId(text: string): boolean {
  return /^[\w.:-]{1,100}$/.test(text);
}

/**
 * A run's id out of an address.
 *
 * @throws MillraceError RUN_NOT_FOUND for what none is called
 */
export function runIdOf(text = ""): string {
  if (isRunId(text)) return text;
  throw new MillraceError("RUN_NOT_FOUND", "that is no id of a run; GET /api/runs lists those that are kept");
}

/** What is said of a run that is not there. */
export function runUnknown(id: string): MillraceError {
  return new MillraceError("RUN_NOT_FOUND", `no run ${id} is kept; GET /api/runs lists those that are`);
}
