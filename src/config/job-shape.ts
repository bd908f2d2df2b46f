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
  maxRejects: countOption(0).nullable().default(null),
  maxRejectRate: fractionOption().default(0.05),
  minRecords: countOption(0).default(1000),
  onExceed: z.enum(["fail", "pause"]).default("fail"),
});

const retryShape = z.strictObject({
  for: durationOption().default(10 * MINUTE),
  initialDelay: durationOption({ min: 1 }).default(SECOND),
  maxDelay: durationOption({ min: 1 }).default(MINUTE),
  multiplier: z.number().min(1).default(2),
  jitter: z.enum(["full", "none"]).default("full"),
});

/** One chunk travels whole, so it is bounded well below what a buffer may hold. */
const chunkBytes = bytesOption({ min: 1024, max: 256 * MEBIBYTE });

const chunkShape = z.strictObject({
  /** Bytes of a chunk, or `adaptive` with the keys below; instead of `records`. */
  size: z.union([z.literal("adaptive"), chunkBytes]).optional(),
  records: countOption().optional(),
  min: chunkBytes.optional(),
  max: chunkBytes.optional(),
  targetMemory: fractionOption().optional(),
  grow: z.number().gt(1).optional(),
  shrink: z.number().gt(0).lt(1).optional(),
  successes: countOption().optional(),
});

const commitShape = z.strictObject({
  bytes: bytesOption().default(16 * MEBIBYTE),
  interval: durationOption({ min: 1 }).default(SECOND),
});

const alertsShape = z
  .strictObject({
    rejectRate: fractionOption(),
    lag: countOption(0),
    runDuration: durationOption(),
    noSuccessFor: durationOption(),
    missedSlot: z.boolean(),
    failed: z.boolean(),
    webhook: textOption(),
  })
  .partial();

const progressShape = z.strictObject({
  /** Time between two log lines; instead of `records`. */
  every: durationOption({ min: 1 }).optional(),
  records: countOption().optional(),
});

const retentionShape = z.strictObject({
  runs: durationOption().default(90 * DAY),
  rejects: durationOption().default(30 * DAY),
  rejectBytes: bytesOption().default(1024 * MEBIBYTE),
});

/** A job as it is written. Rules between keys are in rules.ts, keys without an engine in not-built.ts. */
export const jobShape = z
  .strictObject({
    $schema: z.string().optional(),
    name: nameShape,
    source: sourceShape,
    columns: columnsShape,
    select: z.array(textOption()).min(1).optional(),
    rename: z.record(textOption(), textOption()).default({}),
    transform: transformShape.optional(),
    aggregate: aggregateShape.optional(),
    sink: sinkShape.optional(),
    sinks: z.record(nameShape, sinkShape).optional(),
    rejects: sinkShape.optional(),
    errors: errorsShape.prefault({}),
    retry: retryShape.prefault({}),
    chunk: chunkShape.prefault({ size: MEBIBYTE }),
    commit: commitShape.prefault({}),
    /** Threads for transforms; auto: one fewer than there are cores. */
    workers: z.union([z.literal("auto"), countOption()]).default("auto"),
    order: z.enum(["source", "none"]).default("source"),
    onSinkDown: z.enum(["wait", "fail"]).default("wait"),
    trigger: triggerShape.default({ type: "once" }),
    alerts: alertsShape.optional(),
    progress: progressShape.prefault({ every: 10 * SECOND }),
    retention: retentionShape.prefault({}),
  })
  .meta({ title: "millrace job" });

/** A job as YAML, JSON or `defineJob` spell it. */
export type JobConfig = z.input<typeof jobShape>;

/** A job held against the shape, every default filled in. */
export type ParsedJob = z.output<typeof jobShape>;
