/** Groups and measures: the shape of `aggregate`; its engine comes later. */
import { z } from "zod";
import { durationOption, textOption } from "../core/option-shapes.ts";

const measure = z.union([
  z.literal("count"),
  z.strictObject({ countDistinct: textOption() }),
  z.strictObject({ sum: textOption() }),
  z.strictObject({ min: textOption() }),
  z.strictObject({ max: textOption() }),
  z.strictObject({ avg: textOption() }),
]);

/** `aggregate` of a job: what the sinks receive are the groups. */
export const aggregateShape = z.strictObject({
  groupBy: z.array(textOption()),
  measures: z.record(z.string(), measure),
  window: z
    .strictObject({
      tumbling: durationOption({ min: 1 }),
      /** The field that holds the event's time. */
      on: textOption(),
      lateness: durationOption().default(0),
    })
    .optional(),
});
