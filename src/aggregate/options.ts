/** Groups and measures: the shape of `aggregate`; its engine comes later. */
import { z } from "zod";
import { durationOption, textOption } from "../core/option-shapes.ts";

const measure = z.union([
  z.literal("count"),
  z.strictObject({ countDistinct: textOption().describe("Different values of this field.") }),
  z.strictObject({ sum: textOption().describe("Sum of this field.") }),
  z.strictObject({ min: textOption().describe("Smallest value of this field.") }),
  z.strictObject({ max: textOption().describe("Largest value of this field.") }),
  z.strictObject({ avg: textOption().describe("Mean of this field.") }),
]);

/** `aggregate` of a job: what the sinks receive are the groups. */
export const aggregateShape = z.strictObject({
  groupBy: z.array(textOption()).describe("Fields whose values make a group."),
  measures: z
    .record(z.string(), measure)
    .describe(
      "What is computed for each group, by the name of its field: count, or one of sum, min, max, avg, countDistinct of a field.",
    ),
  window: z
    .strictObject({
      tumbling: durationOption({ min: 1 }).describe("Length of a window."),
      on: textOption().describe("The field that holds the record's time."),
      lateness: durationOption().default(0).describe("How long a window waits for records that come late."),
    })
    .optional()
    .describe("Groups by time as well."),
});
