/** What starts a job: the shapes of `trigger`. Only `once` and `manual` need no engine. */
import { z } from "zod";
import { countOption, durationOption, textOption, timezoneOption } from "../core/option-shapes.ts";

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
    schedule: textOption().describe("Cron expression: minute, hour, day of month, month, day of week."),
    ...schedule,
  }),
  z.strictObject({
    type: z.literal("interval"),
    every: durationOption({ min: 1 }).describe("Time between two slots."),
    ...schedule,
  }),
  z.strictObject({ type: z.literal("continuous") }),
  z.strictObject({
    type: z.literal("watch"),
    settle: durationOption().default(2000).describe("How long a new file must have been left alone."),
  }),
  z.strictObject({ type: z.literal("after"), job: textOption().describe("The job whose success starts this one.") }),
]);
