/** What starts a job: the shapes of `trigger`. Only `once` and `manual` need no engine. */
import { z } from "zod";
import { countOption, durationOption, textOption, timezoneOption } from "../core/option-shapes.ts";
import { cronMistake } from "./cron/excerpt.ts";
import { parseCron } from "./cron/expression.ts";

const schedule = {
  timezone: timezoneOption().default("UTC").describe("Zone in which the schedule is meant."),
  catchUp: z
    .union([
      z.enum(["latest", "skip", "all"]),
      z.strictObject({ all: countOption().describe("Runs that are caught up at most.") }),
    ])
    .default("latest")
    .describe("Runs for slots that were missed: the latest, none, all, or at most so many."),
  catchUpWindow: durationOption().default(86_400_000).describe("Slots further back are not caught up."),
  startDeadline: durationOption().optional().describe("A run that cannot start within this time is missed."),
  overlap: z
    .enum(["skip", "bufferOne", "bufferAll", "cancelOther", "allow"])
    .default("skip")
    .describe("What happens when the last run has not ended."),
  jitter: durationOption().default(0).describe("Random delay of the start, at most."),
  dstGap: z
    .enum(["runAtNextValid", "skip"])
    .default("runAtNextValid")
    .describe("A time that the change to summer time leaves out."),
  dstFold: z
    .enum(["first", "second", "both"])
    .default("first")
    .describe("A time that the change from summer time has twice."),
  onFailure: z
    .enum(["resume", "newRun", "pauseSchedule"])
    .default("resume")
    .describe("What the next slot does after a failed run."),
};

/** `trigger` of a job. */
export const triggerShape = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("once") }),
  z.strictObject({ type: z.literal("manual") }),
  z.strictObject({
    type: z.literal("cron"),
    schedule: cronOption().describe(
      "Cron expression: minute, hour, day of month, month, day of week; seconds may stand before them.",
    ),
    ...schedule,
  }),
  z.strictObject({
    type: z.literal("interval"),
    every: durationOption({ min: 1 }).describe("Time between two slots, which are multiples of it since 1970, in UTC."),
    ...schedule,
  }),
  z.strictObject({ type: z.literal("continuous") }),
  z.strictObject({
    type: z.literal("watch"),
    settle: durationOption().default(2000).describe("How long a new file must have been left alone."),
  }),
  z.strictObject({ type: z.literal("after"), job: textOption().describe("The job whose success starts this one.") }),
]);

/** The trigger of a job with every default filled in; durations in ms. */
export type Trigger = z.output<typeof triggerShape>;

/** A trigger that fires by a cron expression. */
export type CronTrigger = Extract<Trigger, { readonly type: "cron" }>;

/** A trigger that fires at equal distances. */
export type IntervalTrigger = Extract<Trigger, { readonly type: "interval" }>;

/** Text that is a cron expression, or that still waits for a value of the run. */
function cronOption() {
  return textOption().superRefine((expression, context) => {
    const message = expression.includes("${") ? null : mistakeIn(expression);
    if (message !== null) context.addIssue({ code: "custom", input: expression, message });
  });
}

/** Says where the mistake is and what is allowed there; what stands there may come from a secret, so the reporter decides about it. */
function mistakeIn(expression: string): string | null {
  try {
    parseCron(expression);
    return null;
  } catch (thrown) {
    const mistake = cronMistake(thrown);
    if (mistake === undefined) throw thrown;
    const { column, field, allowed } = mistake;
    return `expected a cron expression (column ${column}: ${field === "" ? "" : `${field}: `}${allowed})`;
  }
}
