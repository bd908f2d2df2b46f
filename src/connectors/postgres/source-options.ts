/** Options of the Postgres source; the source itself comes later. */
import { z } from "zod";
import { countOption, durationOption, textOption } from "../../core/option-shapes.ts";

/** Keys of `source: {type: postgres}`. */
export const postgresSourceShape = {
  /** A list names replicas. */
  url: z.union([textOption(), z.array(textOption()).min(1)]),
  ssl: z
    .union([z.boolean(), z.strictObject({ ca: textOption(), cert: textOption(), key: textOption() }).partial()])
    .optional(),
  pool: z
    .strictObject({ max: countOption(), idleTimeout: durationOption(), maxLifetime: durationOption() })
    .partial()
    .optional(),
  table: textOption().optional(),
  query: textOption().optional(),
  /** The key or updated-at column that `incremental` continues from. */
  cursor: textOption().optional(),
  incremental: z.boolean().default(false),
  /** Key ranges that are read side by side. */
  splits: countOption().default(1),
  /** How far behind the newest row an incremental read stays. */
  lag: durationOption().default(0),
  schema: textOption().optional(),
};
