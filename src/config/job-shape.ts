/** The one shape of a job: YAML, JSON and `defineJob` are all held against it. CONTRACT "A job" is its contract. */
import { z } from "zod";
import { aggregateShape } from "../aggregate/options.ts";
import { bytesOption, countOption, durationOption, fractionOption, textOption } from "../core/option-shapes.ts";
import { triggerShape } from "../scheduling/options.ts";
import { columnsShape } from "./column-shape.ts";
import { sinkShape, sourceShape } from "./connector-shapes.ts";
import { transformShape } from "./transform-shape.ts";

const MEBIBYTE = 1024 * 1024;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

const nameShape = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]*$/, "expected lower-case letters, digits and dashes, such as orders-eu");

const errorsShape = z.strictObject({
  maxRejects: countOption(0)
    .nullable()
    .default(null)
    .describe("Rejects after which the run ends; null: no limit by number."),
  maxRejectRate: fractionOption()
    .default(0.05)
    .describe("Share of the records read that may be rejects before the run ends."),
  minRecords: countOption(0).default(1000).describe("Records before the rate counts."),
  onExceed: z
    .enum(["fail", "pause"])
    .default("fail")
    .describe("What happens then: the run fails, or the job pauses until somebody lets it go on."),
});

const retryShape = z.strictObject({
  for: durationOption()
    .optional()
    .describe("How long a transient fault is tried again; 10m, and without end for a live source."),
  initialDelay: durationOption({ min: 1 }).default(SECOND).describe("Wait before the first retry."),
  maxDelay: durationOption({ min: 1 }).default(MINUTE).describe("Longest wait between two."),
  multiplier: z.number().min(1).default(2).describe("How much longer each wait is than the one before."),
  jitter: z
    .enum(["full", "none"])
    .default("full")
    .describe("Waits are random below their length (full) or exact (none)."),
});

/** One chunk travels whole, so it is bounded well below what a buffer may hold. */
const chunkBytes = bytesOption({ min: 1024, max: 256 * MEBIBYTE });

const chunkShape = z.strictObject({
  size: z
    .union([z.literal("adaptive"), chunkBytes])
    .optional()
    .describe("Bytes of a chunk, or adaptive with the keys below; instead of records."),
  records: countOption().optional().describe("Records of a chunk; instead of size."),
  min: chunkBytes.optional().describe("Adaptive: the smallest chunk."),
  max: chunkBytes.optional().describe("Adaptive: the largest chunk."),
  targetMemory: fractionOption().optional().describe("Adaptive: share of the memory budget to aim at."),
  grow: z.number().gt(1).optional().describe("Adaptive: how much larger the next chunk is after successes."),
  shrink: z.number().gt(0).lt(1).optional().describe("Adaptive: how much smaller it is when memory runs short."),
  successes: countOption().optional().describe("Adaptive: chunks that must go well before the next is larger."),
});

const commitShape = z.strictObject({
  bytes: bytesOption()
    .default(16 * MEBIBYTE)
    .describe("Bytes that a commit unit holds, input and output, before it is committed."),
  interval: durationOption({ min: 1 })
    .default(SECOND)
    .describe("Time after which it is committed even if it is not full."),
});

const alertsShape = z
  .strictObject({
    rejectRate: fractionOption().describe("Alert when more of the records are rejects."),
    lag: countOption(0).describe("Alert when a source has more records waiting."),
    runDuration: durationOption().describe("Alert when a run takes longer."),
    noSuccessFor: durationOption().describe("Alert when no run has succeeded for so long."),
    missedSlot: z.boolean().describe("Alert when a scheduled run did not start."),
    failed: z.boolean().describe("Alert when a run fails."),
    webhook: z
      .string()
      .refine(isWebhook, "needs an address that begins with https:// or http://")
      .describe("Address that alerts are posted to; empty: none."),
  })
  .partial();

/** What was given instead is not told: the path of such an address is often the secret itself. */
function isWebhook(text: string): boolean {
  return text === "" || (/^https?:/.test(text) && URL.canParse(text));
}

const progressShape = z.strictObject({
  every: durationOption({ min: 1 }).optional().describe("Time between two log lines; instead of records."),
  records: countOption().optional().describe("Records between two log lines; instead of every."),
});

const retentionShape = z.strictObject({
  runs: durationOption()
    .default(90 * DAY)
    .describe(
      "How long runs that have succeeded, and slots that have ended, are listed; a run that can be gone on with is kept.",
    ),
  rejects: durationOption()
    .default(30 * DAY)
    .describe("How long rejects are kept in a database; those of a run that can be gone on with longer."),
  rejectBytes: bytesOption()
    .default(1024 * MEBIBYTE)
    .describe("How many bytes of rejects are kept in each, the newest."),
});

/** A job as it is written. Rules between keys are in rules.ts, keys without an engine in not-built.ts. */
export const jobShape = z
  .strictObject({
    $schema: z.string().optional().describe("Address of the JSON Schema, for editors."),
    name: nameShape.describe("The job's name, unique: lower-case letters, digits and dashes."),
    source: sourceShape.describe("Where records come from."),
    columns: columnsShape.describe(
      "Declared types of the source's fields by name; fields that are not declared are strings.",
    ),
    select: z
      .array(textOption())
      .min(1)
      .optional()
      .describe("The fields to take from the source, in this order; all when absent. Needs no transform."),
    rename: z
      .record(textOption(), textOption())
      .default({})
      .describe("New names by the source's; transform and sinks see only the new ones."),
    transform: transformShape
      .optional()
      .describe("The module that the records go through; records pass unchanged when absent."),
    aggregate: aggregateShape.optional().describe("Groups and measures: the sinks receive the groups."),
    sink: sinkShape.optional().describe("Where records go; instead of sinks."),
    sinks: z
      .record(nameShape, sinkShape)
      .optional()
      .describe("Several sinks by name, each with its own progress; instead of sink."),
    rejects: sinkShape
      .optional()
      .describe("Where rejected records go: any sink. The default place is beside the data, or in the state store."),
    errors: errorsShape.prefault({}).describe("How many rejects a run may have."),
    retry: retryShape.prefault({}).describe("How transient faults are tried again."),
    chunk: chunkShape.prefault({ size: MEBIBYTE }).describe("How much travels together."),
    commit: commitShape.prefault({}).describe("How much is committed together."),
    workers: z
      .union([z.literal("auto"), countOption()])
      .default("auto")
      .describe("Threads for transforms; auto: one fewer than there are cores, at least one."),
    order: z
      .enum(["source", "none"])
      .default("source")
      .describe("Splits one after another in name order (source) or side by side (none)."),
    onSinkDown: z
      .enum(["wait", "fail"])
      .default("wait")
      .describe("Whether the other sinks wait for one that is away, or the run fails."),
    trigger: triggerShape.default({ type: "once" }).describe("What starts the job."),
    alerts: alertsShape.optional().describe("When somebody is told."),
    progress: progressShape
      .prefault({ every: 10 * SECOND })
      .describe("How often progress is logged where no terminal shows it."),
    retention: retentionShape.prefault({}).describe("How long history is kept."),
  })
  .meta({ title: "millrace job" });

/** A job as YAML, JSON or `defineJob` spell it. */
export type JobConfig = z.input<typeof jobShape>;

/** A job held against the shape, every default filled in. */
export type ParsedJob = z.output<typeof jobShape>;
