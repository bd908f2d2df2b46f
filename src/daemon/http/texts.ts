/** Texts in requests, as far as every store and file name can hold them. */
import { z } from "zod";
import { MillraceError } from "../../core/errors.ts";

const LONGEST_LINE = 200;
const SLOT = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?$/;

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

/** The nominal time of a run: it gets into paths and queries of jobs, so nothing else may stand in it. */
export function slotText() {
  return z.string().regex(SLOT, "expected a date and time as ISO 8601 has them, 2026-11-22T02:00:00Z");
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
