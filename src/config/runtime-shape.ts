/** The one shape of a runtime file, `config/millrace.yaml`. CONTRACT "The runtime file" is its contract. */
import { z } from "zod";
import { bytesOption, countOption, durationOption, textOption } from "../core/option-shapes.ts";

const MEBIBYTE = 1024 * 1024;
const HIGHEST_PORT = 65_535;

const stateShape = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("sqlite"),
    path: textOption()
      .default(".millrace/state.db")
      .describe("The store's file; its folder is made when it is missing."),
  }),
  z.strictObject({
    type: z.literal("postgres"),
    url: z
      .string()
      .regex(/^postgres(?:ql)?:\/\//, "expected an address such as postgres://millrace@db/ops")
      .describe("Address of the database that several daemons share."),
    schema: textOption().optional().describe("Schema of its tables; millrace_state when absent."),
  }),
  z.strictObject({ type: z.literal("memory") }),
]);

const adminShape = z.strictObject({
  host: textOption().default("127.0.0.1").describe("Address to listen on; 0.0.0.0 for all of the machine's."),
  port: z
    .int("expected a whole number")
    .min(0, `expected a port from 0 to ${HIGHEST_PORT}`)
    .max(HIGHEST_PORT, `expected a port from 0 to ${HIGHEST_PORT}`)
    .default(9464)
    .describe("Port to listen on; 0: any that is free."),
  token: z
    .string()
    .optional()
    .describe("What requests have to show as `Authorization: Bearer`; needed beyond loopback. Empty: none."),
});

const logShape = z.strictObject({
  level: z.enum(["debug", "info", "warn", "error"]).default("info").describe("The least level that is logged."),
  format: z
    .enum(["auto", "json", "pretty"])
    .default("auto")
    .describe("JSON lines, or plain ones for people; auto: plain on a terminal."),
  records: z.boolean().default(false).describe("Whether the contents of rejected records may be logged."),
});

/** A runtime file as it is written. Rules between keys are in runtime-rules.ts. */
export const runtimeShape = z
  .strictObject({
    $schema: z.string().optional().describe("Address of the JSON Schema, for editors."),
    jobs: z
      .union([textOption().transform((pattern) => [pattern]), z.array(textOption()).min(1)])
      .describe("The job files: paths and globs, relative to this file. This file itself is passed over."),
    state: stateShape.prefault({ type: "sqlite" }).describe("Where runs, slots and positions are kept."),
    memory: z
      .strictObject({
        budget: z
          .union([z.literal("auto"), bytesOption({ min: MEBIBYTE })])
          .default("auto")
          .describe("Bytes that chunks of all jobs together may occupy; auto: a quarter of what the process may have."),
      })
      .prefault({})
      .describe("How much memory jobs share."),
    threads: z
      .union([z.literal("auto"), countOption()])
      .default("auto")
      .describe("Threads that all jobs share; auto: one fewer than there are cores, at least one."),
    admin: adminShape.prefault({}).describe("The HTTP server: probes, metrics, API, dashboard."),
    log: logShape.prefault({}).describe("What is logged, to standard error."),
    reload: z
      .strictObject({
        watch: z
          .boolean()
          .default(false)
          .describe("Whether a change of this file or of a job file is taken over at once, as SIGHUP does."),
      })
      .prefault({})
      .describe("How changes are taken over."),
    cluster: z
      .strictObject({
        type: z.enum(["none", "postgres"]).default("none").describe("postgres: machines share the splits of a batch."),
      })
      .prefault({})
      .describe("Whether several machines share one job's work."),
    shutdown: z
      .strictObject({
        deadline: durationOption().default(30_000).describe("How long runs may drain after SIGTERM."),
      })
      .prefault({})
      .describe("How the daemon ends."),
  })
  .meta({ title: "millrace runtime" });

/** A runtime file held against the shape, every default filled in. */
export type ParsedRuntime = z.output<typeof runtimeShape>;

/** Keys of a job, which a runtime file has none of. */
const JOB_KEYS = ["name", "source", "sink", "sinks"];

/** Whether a config is a runtime's and no job's, as its keys tell. */
export function isRuntimeConfig(config: unknown): boolean {
  const keys = typeof config === "object" && config !== null ? Object.keys(config) : [];
  return (
    keys.some((key) => key !== "$schema" && key in runtimeShape.shape) && !keys.some((key) => JOB_KEYS.includes(key))
  );
}
