/** A transform: a module's path, or an object that says more of how it is called. */
import { z } from "zod";
import { bytesOption, countOption, durationOption, textOption } from "../core/option-shapes.ts";

/** A thread without progress for this long is ended (SEMANTICS "Threads"). */
const DEFAULT_TIMEOUT_MS = 30_000;

const NO_FUNCTION =
  "a function cannot be sent to the threads that run it; write it into a module and give its path, ./orders.ts";

const details = z.strictObject({
  module: textOption(),
  export: textOption().default("default"),
  mode: z.enum(["record", "chunk", "columns", "async"]).default("record"),
  /** Calls in flight inside a chunk; mode async only. */
  concurrency: countOption().default(1),
  timeout: durationOption({ min: 1 }).default(DEFAULT_TIMEOUT_MS),
  /** Limit of a thread's JavaScript heap. */
  memory: bytesOption().optional(),
  /** Whether the same record always gives the same result; the promise of exactly once rests on it. */
  deterministic: z.boolean().default(true),
});

/** `transform` of a job. */
export const transformShape = z.union([textOption().transform((module) => details.parse({ module })), details], {
  error: ({ input }) => (typeof input === "function" ? NO_FUNCTION : undefined),
});
