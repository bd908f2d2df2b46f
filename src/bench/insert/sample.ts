/** The rows that the first records of a job become: read, decoded, validated and transformed as a run does it. */
import type { Job } from "../../config/job.ts";
import type { PostgresSinkOptions } from "../../connectors/postgres/options.ts";
import { abortError } from "../../core/clock.ts";
import { MillraceError } from "../../core/errors.ts";
import type { Observer } from "../../core/ports/observer.ts";
import type { SinkOutput } from "../../core/result.ts";
import type { Table } from "../../postgres/catalogue.ts";
import type { DryRows } from "../../pipeline/dry-run.ts";
import { runJob } from "../../pipeline/run-job.ts";
import { joined } from "./rows.ts";

/** What is kept at most; the decoder of COPY takes no more at once. */
const MOST_BYTES = 192 * 1024 ** 2;

/** What is to be read. */
export interface SampleWish {
  readonly job: Job;
  readonly sink: string;
  readonly options: PostgresSinkOptions;
  /** The table that the sink writes into. */
  readonly table: Table;
  /** Source records at most. */
  readonly records: number;
  readonly signal: AbortSignal;
  readonly observers: readonly Observer[];
}

/** What came of it. */
export interface Sample {
  readonly columns: readonly string[];
  /** COPY's text form. */
  readonly rows: SinkOutput;
  /** Source records that were read. */
  readonly records: number;
  readonly rejected: number;
  /** Whether there is no room for more. */
  readonly isFull: boolean;
}

/**
 * Reads the sample by a dry run, which writes nothing and moves no position.
 *
 * @throws MillraceError USAGE when no row comes of the records; ABORTED; whatever else ends a run
 */
export async function readSample(wish: SampleWish): Promise<Sample> {
  const { sink, records, observers } = wish;
  const parts: Pick<SinkOutput, "bytes" | "rowEnds">[] = [];
  let columns: readonly string[] = [];
  let bytes = 0;
  const full = new AbortController();
  const rows = (given: DryRows): void => {
    if (given.sink !== sink || full.signal.aborted || given.output.rows === 0) return;
    columns = given.columns ?? [];
    parts.push({ bytes: Buffer.from(given.output.bytes), rowEnds: given.output.rowEnds.slice() });
    bytes += given.output.bytes.length;
    if (bytes > MOST_BYTES) full.abort();
  };
  const summary = await runJob(sampledJob(wish), {
    limit: records,
    dryRun: { rows, rejects: () => {} },
    acceptRejects: true,
    observers,
    signal: AbortSignal.any([wish.signal, full.signal]),
    kill: wish.signal,
  });
  if (wish.signal.aborted) throw abortError(wish.signal);
  const { read, rejected, error } = summary;
  if (error !== null) throw new MillraceError(error.code, error.message);
  if (parts.length === 0) {
    throw new MillraceError(
      "USAGE",
      `bench insert: no row for sink "${sink}" came of the first ${read} records (${rejected} rejected); ` +
        "`millrace run --dry-run` shows why",
    );
  }
  return { columns, rows: joined(sink, parts), records: read, rejected, isFull: full.signal.aborted };
}

/** The job with rows for its sink as COPY text, whatever its mode does with them; its values are filled in already. */
function sampledJob({ job, sink, options, table }: SampleWish): Job {
  const { key: _key, deleteWhen, onlyNewer: _newer, columns, ...rest } = options;
  const flag = typeof deleteWhen === "object" ? deleteWhen.field : deleteWhen;
  const written = columns?.filter((name) => name !== flag || table.columns.some((column) => column.name === name));
  const appending = {
    ...rest,
    type: "postgres" as const,
    mode: "append" as const,
    copy: "text" as const,
    ...(written && { columns: written }),
    // The field that tells which rows delete need not be a column.
    ...(flag !== undefined && { onUnknownField: "ignore" as const }),
  };
  return { ...job, sinks: { ...job.sinks, [sink]: appending }, definition: { ...job.definition, config: null } };
}
