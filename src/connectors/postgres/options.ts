/** Options of the Postgres source and sink. */
import { z } from "zod";
import { bytesOption, certificatesOption, countOption, durationOption, textOption } from "../../core/option-shapes.ts";

const ssl = z
  .union([z.boolean(), certificatesOption()])
  .optional()
  .describe("Whether the connection is encrypted; certificates as PEM text or as paths relative to the job's file.");

/** The longest row unless the job says otherwise, and the longest there may be. */
const MAX_ROW_BYTES = 64 * 1024 ** 2;
const LONGEST_ROW_BYTES = 128 * 1024 ** 2;

/** Keys of `source: {type: postgres}`. */
export const postgresSourceShape = {
  url: z
    .union([textOption(), z.array(textOption()).min(1)])
    .describe("postgres://user:password@host:port/database; of a list the first that answers and is fresh enough."),
  ssl,
  pool: poolOption(),
  table: textOption().optional().describe("The table to read, or schema.table; instead of query."),
  query: textOption().optional().describe("The query to read; instead of table."),
  key: z
    .array(textOption())
    .min(1)
    .optional()
    .describe("Columns that tell rows apart and are never null; the table's own key when absent."),
  cursor: textOption().optional().describe("The key or updated-at column that incremental continues from."),
  incremental: z.boolean().default(false).describe("Reads only rows behind the last committed cursor."),
  splits: countOption().default(1).describe("Key ranges that are read side by side (order: none)."),
  lag: durationOption()
    .default(0)
    .describe(
      "How far behind now an incremental read by time stays, in place of waiting for the transactions that are open.",
    ),
  maxLag: durationOption().optional().describe("How far a replica may be behind to be read; any distance when absent."),
  schema: textOption().optional().describe("Schema of the table."),
  statementTimeout: durationOption({ min: 1 })
    .optional()
    .describe("Limit of the read of one split, however slowly the sinks take it; none when absent."),
  maxRecordBytes: bytesOption({ max: LONGEST_ROW_BYTES })
    .default(MAX_ROW_BYTES)
    .describe("The longest row; a longer one is a reject."),
};

/** What the Postgres source is made of. */
export type PostgresSourceOptions = z.output<z.ZodObject<typeof postgresSourceShape>>;

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
  key: z
    .array(textOption())
    .min(1)
    .optional()
    .describe("Columns that tell rows apart, those of a unique index; the primary key when absent."),
  deleteWhen: z
    .union([
      textOption(),
      z.strictObject({
        field: textOption().describe("The field."),
        equals: z.union([z.string(), z.number(), z.boolean()]).describe("What it holds in a record that deletes."),
      }),
    ])
    .optional()
    .describe(
      "When an upsert deletes: the name of a field that is true then, or {field, equals}. The field need not be a column.",
    ),
  onlyNewer: textOption()
    .optional()
    .describe("Column whose value must be greater than the stored one for an upsert to take effect."),
  copy: z.enum(["auto", "binary", "text"]).default("auto").describe("Which form of COPY is used."),
  onUnknownField: z
    .enum(["error", "ignore", "addColumn"])
    .default("error")
    .describe("A field that is no column: a reject, left out, or added to the table."),
  createTable: z.boolean().default(false).describe("Makes the table when it is not there."),
  before: textOption().optional().describe("SQL that runs before the first row."),
  after: textOption().optional().describe("SQL that runs after the last row."),
  ssl,
  pool: poolOption(),
  statementTimeout: durationOption({ min: 1 })
    .optional()
    .describe("Limit of one statement; a COPY lasts as long as its commit unit."),
  stateSchema: textOption().default("millrace").describe("Schema of the tables that hold positions and rejects."),
};

/** What the Postgres sink is made of. */
export type PostgresSinkOptions = z.output<z.ZodObject<typeof postgresSinkShape>>;

/** Without defaults: of jobs that share a pool, those that say nothing are not to be counted as if they had. */
function poolOption() {
  return z
    .strictObject({
      max: countOption().describe("Connections at most, of all jobs of the process; 16 when absent."),
      idleTimeout: durationOption().describe("Time after which an unused connection is closed; 60s when absent."),
      maxLifetime: durationOption().describe("Time after which a connection is replaced; 30m when absent."),
    })
    .partial()
    .optional()
    .describe("Limits of the pool of connections that all jobs of a process share for this side of a database.");
}
