/** Options of the Postgres source and sink; the source itself comes later. */
import { z } from "zod";
import { certificatesOption, countOption, durationOption, textOption } from "../../core/option-shapes.ts";

const ssl = z
  .union([z.boolean(), certificatesOption()])
  .optional()
  .describe("Whether the connection is encrypted; certificates as PEM text or as paths relative to the job's file.");

/** Keys of `source: {type: postgres}`. */
export const postgresSourceShape = {
  url: z
    .union([textOption(), z.array(textOption()).min(1)])
    .describe("postgres://user:password@host:port/database; a list names replicas."),
  ssl,
  pool: poolOption(countOption().describe("Connections.")),
  table: textOption().optional().describe("The table to read; instead of query."),
  query: textOption().optional().describe("The query to read; instead of table."),
  cursor: textOption().optional().describe("The key or updated-at column that incremental continues from."),
  incremental: z.boolean().default(false).describe("Reads only rows behind the last committed cursor."),
  splits: countOption().default(1).describe("Key ranges that are read side by side."),
  lag: durationOption().default(0).describe("How far behind the newest row an incremental read stays."),
  schema: textOption().optional().describe("Schema of the table."),
};

/** Keys of `sink: {type: postgres}`. */
export const postgresSinkShape = {
  url: textOption().describe("postgres://user:password@host:port/database."),
  table: textOption().describe("table or schema.table; names with dots in them stand in double quotes."),
  columns: z
    .array(textOption())
    .min(1)
    .optional()
    .describe("Output columns in order; by the keys of the first records when absent."),
  mode: z
    .enum(["append", "upsert", "insertIgnore", "replace", "insert"])
    .default("append")
    .describe(
      "How rows go in: appended, updated or inserted by key, ignored when there, or in place of the whole table.",
    ),
  key: z.array(textOption()).min(1).optional().describe("Columns that tell rows apart, for upsert."),
  deleteWhen: textOption().optional().describe("Condition under which an upsert deletes."),
  onlyNewer: textOption().optional().describe("Column that must grow for an upsert to take effect."),
  copy: z.enum(["auto", "binary", "text"]).default("auto").describe("Which form of COPY is used."),
  onUnknownField: z
    .enum(["error", "ignore", "addColumn"])
    .default("error")
    .describe("A field that is no column: a reject, left out, or added to the table."),
  createTable: z.boolean().default(false).describe("Makes the table when it is not there."),
  before: textOption().optional().describe("SQL that runs before the first row."),
  after: textOption().optional().describe("SQL that runs after the last row."),
  ssl,
  pool: poolOption(countOption(2).describe("Connections, at least two: one for the rows, one for positions.")),
  statementTimeout: durationOption({ min: 1 })
    .optional()
    .describe("Limit of one statement; a COPY lasts as long as its commit unit."),
  stateSchema: textOption().default("millrace").describe("Schema of the tables that hold positions and rejects."),
};

/** What the Postgres sink is made of. */
export type PostgresSinkOptions = z.output<z.ZodObject<typeof postgresSinkShape>>;

function poolOption(max: ReturnType<typeof countOption>) {
  return z
    .strictObject({
      max,
      idleTimeout: durationOption().describe("Time after which an unused connection is closed."),
      maxLifetime: durationOption().describe("Time after which a connection is replaced."),
    })
    .partial()
    .optional()
    .describe("Limits of the connection pool.");
}
