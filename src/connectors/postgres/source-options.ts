/** Options of the Postgres source; the source itself comes later. */
import { z } from "zod";
import { countOption, durationOption, textOption } from "../../core/option-shapes.ts";

/** Keys of `source: {type: postgres}`. */
export const postgresSourceShape = {
  url: z
    .union([textOption(), z.array(textOption()).min(1)])
    .describe("postgres://user:password@host:port/database; a list names replicas."),
  ssl: z
    .union([
      z.boolean(),
      z
        .strictObject({
          ca: textOption().describe("Certificate of the authority to trust."),
          cert: textOption().describe("Own certificate."),
          key: textOption().describe("Key of the own certificate."),
        })
        .partial(),
    ])
    .optional()
    .describe("Whether the connection is encrypted; certificates as PEM text or as paths."),
  pool: z
    .strictObject({
      max: countOption().describe("Connections."),
      idleTimeout: durationOption().describe("Time after which an unused connection is closed."),
      maxLifetime: durationOption().describe("Time after which a connection is replaced."),
    })
    .partial()
    .optional()
    .describe("Limits of the connection pool."),
  table: textOption().optional().describe("The table to read; instead of query."),
  query: textOption().optional().describe("The query to read; instead of table."),
  cursor: textOption().optional().describe("The key or updated-at column that incremental continues from."),
  incremental: z.boolean().default(false).describe("Reads only rows behind the last committed cursor."),
  splits: countOption().default(1).describe("Key ranges that are read side by side."),
  lag: durationOption().default(0).describe("How far behind the newest row an incremental read stays."),
  schema: textOption().optional().describe("Schema of the table."),
};
