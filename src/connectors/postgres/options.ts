/** Options of the Postgres sink. */
import { z } from "zod";
import { countOption, durationOption, textOption } from "../../core/option-shapes.ts";

/** Keys of `sink: {type: postgres}`. */
export const postgresSinkShape = {
  /** `postgres://user:password@host:port/database`. */
  url: textOption(),
  /** `table` or `schema.table`; names with dots in them stand in double quotes. */
  table: textOption(),
  /** Output columns in order; by the keys of the first records when absent. */
  columns: z.array(textOption()).min(1).optional(),
  mode: z.enum(["append", "upsert", "insertIgnore", "replace", "insert"]).default("append"),
  /** Columns that tell rows apart, for `upsert`. */
  key: z.array(textOption()).min(1).optional(),
  /** Condition under which an upsert deletes. */
  deleteWhen: textOption().optional(),
  /** Column that must grow for an upsert to take effect. */
  onlyNewer: textOption().optional(),
  copy: z.enum(["auto", "binary", "text"]).default("auto"),
  onUnknownField: z.enum(["error", "ignore", "addColumn"]).default("error"),
  createTable: z.boolean().default(false),
  /** SQL that runs before the first row and after the last. */
  before: textOption().optional(),
  after: textOption().optional(),
  /** Certificates as PEM text or as paths relative to the job's file. */
  ssl: z
    .union([z.boolean(), z.strictObject({ ca: textOption(), cert: textOption(), key: textOption() }).partial()])
    .optional(),
  /** `max`: connections, at least two: one for the rows, one for positions. */
  pool: z
    .strictObject({ max: countOption(2), idleTimeout: durationOption(), maxLifetime: durationOption() })
    .partial()
    .optional(),
  /** Limit of one statement; a COPY lasts as long as its commit unit. */
  statementTimeout: durationOption({ min: 1 }).optional(),
  /** Schema of the tables that hold positions and rejects. */
  stateSchema: textOption().default("millrace"),
};

/** What the Postgres sink is made of. */
export type PostgresSinkOptions = z.output<z.ZodObject<typeof postgresSinkShape>>;
