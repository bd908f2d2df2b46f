/** Declared columns: a type's name, or an object that says more. */
import { z } from "zod";
import { textOption, timezoneOption } from "../core/option-shapes.ts";
import { COLUMN_TYPES, type Column } from "../core/record.ts";

const columnType = z.enum(COLUMN_TYPES);

const column = z.union([
  columnType.transform((type): Column => ({ type })),
  z
    .strictObject({
      type: columnType.describe("What the field's text is read as."),
      nullable: z
        .boolean()
        .optional()
        .describe("true: an unquoted empty field is null; false: null is a reject; absent: as the type says."),
      formats: z
        .array(textOption())
        .min(1)
        .optional()
        .describe("Notations of a date or timestamp, tried in turn: ISO, or a pattern such as yyyy-MM-dd HH:mm:ss."),
      timezone: timezoneOption().optional().describe("Zone of a timestamp that names none; UTC when absent."),
    })
    .transform((declared) => declared as Column),
]);

/** `columns` of a job. */
export const columnsShape = z.record(textOption(), column).default({});
