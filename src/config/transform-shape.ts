/** A transform: a module's path, or an object that says more of how it is called. */
import { z } from "zod";
import { bytesOption, countOption, durationOption, textOption } from "../core/option-shapes.ts";

/** A thread without progress for this long is ended (SEMANTICS "Threads"). */
const DEFAULT_TIMEOUT_MS = 30_000;

/** The longest that a timer can wait for. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
const DEFAULT_CONCURRENCY = 16;

const NO_FUNCTION =
  "a function cannot be sent to the threads that run it; write it into a module and give its path, ./orders.ts";

const details = z.strictObject({
  module: textOption().describe("Path of the module, relative to the job's file."),
  export: textOption()
    .optional()
    .describe(
      "Name of the export to call; by default transformChunk in mode chunk, transformColumns in mode columns, else the default export.",
    ),
  mode: z
    .enum(["record", "chunk", "columns", "async"])
    .optional()
    .describe(
      "How the export is called: with a record, a chunk of records, columns as typed arrays, or record by record asynchronously; by default record, chunk or columns, whichever function the module exports.",
    ),
  concurrency: countOption()
    .default(DEFAULT_CONCURRENCY)
    .describe("Calls in flight inside a chunk, of which every thread has two; mode async only."),
  timeout: durationOption({ min: 1, max: MAX_TIMEOUT_MS })
    .default(DEFAULT_TIMEOUT_MS)
    .describe("How long a call may take, and the module's setup."),
  memory: bytesOption().optional().describe("Limit of a thread's JavaScript heap."),
  deterministic: z
    .boolean()
    .default(true)
    .describe("Whether the same record always gives the same result; the promise of exactly once rests on it."),
});

/** `transform` of a job. */
export const transformShape = z.union([textOption().transform((module) => details.parse({ module })), details], {
  error: ({ input }) => (typeof input === "function" ? NO_FUNCTION : undefined),
});
