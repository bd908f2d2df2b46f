/** Declared columns: a type's name, or an object that says more. */
import { z } from "zod";
import { textOption, timezoneOption } from "../core/option-shapes.ts";
import { COLUMN_TYPES, type Column } from "../core/record.ts";

const columnType = z.enum(COLUMN_TYPES);

const column = z.union([
  columnType.transform((type): Column => ({ type })),
  z
    .strictObject({
      type: columnType,
      nullable: z.boolean().optional(),
      formats: z.array(textOption()).min(1).optional(),
      timezone: timezoneOption().optional(),
    })
    .transform((declared) => declared as Column),
]);

/** `columns` of a job. */
export const columnsShape = z.record(textOption(), column).default({});
