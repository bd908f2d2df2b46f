/** A load of JSON lines into Postgres' table `t`, and what became of it. */
import { defineJob, runJob } from "../../src/index.ts";
import type { JobConfig } from "../../src/config/job-shape.ts";
import type { RunJobOptions } from "../../src/pipeline/run-options.ts";
import type { RunSummary } from "../../src/core/summary.ts";
import type { EmbeddedPostgres, QueryRow } from "./embedded-postgres.ts";
import type { PoisonKind } from "./poison-kinds.ts";
import { Project } from "./project.ts";

/** A record as it stands in the source. */
export interface Line {
  readonly id: number;
  readonly [column: string]: unknown;
}

/** Its outcome. */
export interface Loaded {
  readonly summary: RunSummary;
  /** Of the rows in the table but those below 0, in their order. */
  readonly ids: readonly unknown[];
  /** In the order of their lines. */
  readonly rejects: readonly QueryRow[];
}

/** How a load differs from the usual one. */
export interface LoadChange {
  /** Keys of the job. */
  readonly job?: Partial<JobConfig>;
  readonly options?: RunJobOptions;
  /** The text of a transform. */
  readonly transform?: string;
  /** Instead of the one into the table. */
  readonly sinks?: JobConfig["sinks"];
  /** The server's url as the job sees it. */
  readonly url?: string;
}

/** Runs lines into the table; chunks are of 20 records, and rejects have no limit. */
export async function runLines(
  server: EmbeddedPostgres,
  lines: readonly Line[],
  change: LoadChange = {},
): Promise<RunSummary> {
  using project = new Project();
  project.write("in.jsonl", lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const { transform, sinks, url = server.url() } = change;
  if (transform !== undefined) project.write("transform.ts", transform);
  const job = defineJob(
    {
      name: "poison",
      source: { type: "file", path: "in.jsonl" },
      ...(sinks === undefined ? { sink: { type: "postgres", url, table: "t" } } : { sinks }),
      ...(transform !== undefined && { transform: "./transform.ts" }),
      chunk: { records: 20 },
      errors: { maxRejectRate: 1 },
      retry: { initialDelay: "5ms", maxDelay: "20ms" },
      workers: 1,
      ...change.job,
    },
    { baseDir: project.folder },
  );
  return await runJob(job, { state: "memory:", ...change.options });
}

/** Runs lines into the table, and looks at what became of them. */
export async function loadLines(
  server: EmbeddedPostgres,
  lines: readonly Line[],
  change: LoadChange = {},
): Promise<Loaded> {
  const summary = await runLines(server, lines, change);
  const rows = await server.query("SELECT id FROM t WHERE id >= 0 ORDER BY id");
  const rejects = await server.query(
    "SELECT line::int, raw, code, stage, sink, output, message FROM millrace.rejects ORDER BY line",
  );
  return { summary, ids: rows.map(({ id }) => id), rejects };
}

/** So many records, each with a value of each kind: a bad one where the record's number says so. */
export function poisonedLines(
  count: number,
  kinds: { readonly [column: string]: PoisonKind },
  bad: ReadonlyMap<number, PoisonKind>,
): readonly Line[] {
  return Array.from({ length: count }, (_, id): Line => {
    const values = Object.entries(kinds).map(([column, kind]) => {
      return [column, bad.get(id) === kind ? kind.bad(id) : kind.good(id)] as const;
    });
    return { id, ...Object.fromEntries(values) };
  });
}
