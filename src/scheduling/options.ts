/** What starts a job: the shapes of `trigger`. Only `once` and `manual` need no engine. */
import { z } from "zod";
import { countOption, durationOption, textOption, timezoneOption } from "../core/option-shapes.ts";

const schedule = {
  timezone: timezoneOption().default("UTC"),
  catchUp: z.union([z.enum(["latest", "skip", "all"]), z.strictObject({ all: countOption() })]).default("latest"),
  catchUpWindow: durationOption().default(86_400_000),
  startDeadline: durationOption().optional(),
  overlap: z.enum(["skip", "bufferOne", "bufferAll", "cancelOther", "allow"]).default("skip"),
  jitter: durationOption().default(0),
  dstGap: z.enum(["runAtNextValid", "skip"]).default("runAtNextValid"),
  dstFold: z.enum(["first", "second", "both"]).default("first"),
  onFailure: z.enum(["resume", "newRun", "pauseSchedule"]).default("resume"),
};

/** `trigger` of a job. */
export const triggerShape = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("once") }),
  z.strictObject({ type: z.literal("manual") }),
  z.strictObject({ type: z.literal("cron"), schedule: textOption(), ...schedule }),
  z.strictObject({ type: z.literal("interval"), every: durationOption({ min: 1 }), ...schedule }),
  z.strictObject({ type: z.literal("continuous") }),
  z.strictObject({ type: z.literal("watch"), settle: durationOption().default(2000) }),
  z.strictObject({ type: z.literal("after"), job: textOption() }),
]);
