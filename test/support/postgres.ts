/** A Postgres for one test file, and the sink over it. */
import { afterAll, beforeAll } from "vitest";
import { z } from "zod";
import type { PostgresSinkOptions } from "../../src/connectors/postgres/options.ts";
import { postgresSinkShape } from "../../src/connectors/postgres/options.ts";
import { postgresSink } from "../../src/connectors/postgres/sink/sink.ts";
import { systemClock } from "../../src/core/clock.ts";
import { NO_COUNTS } from "../../src/core/ledger.ts";
import type { Advance, BoundSink, Progress, SinkSession, SinkWriter } from "../../src/core/ports/sink.ts";
import { originPosition } from "../../src/core/position.ts";
import type { Reject } from "../../src/core/reject.ts";
import type { SinkOutput } from "../../src/core/result.ts";
import { formatByName } from "../../src/formats/catalog.ts";
import { type EmbeddedOptions, EmbeddedPostgres } from "./embedded-postgres.ts";

/** Starts a server before the file's tests and ends it behind them. */
export function usePostgres(options: EmbeddedOptions = {}): { readonly server: EmbeddedPostgres } {
  let server: EmbeddedPostgres | undefined;
  beforeAll(async () => {
    server = await EmbeddedPostgres.start(options);
  });
  afterAll(() => server?.[Symbol.asyncDispose]());
  return {
    get server() {
      if (server === undefined) throw new TypeError("the server starts before the tests, not before their file");
      return server;
    },
  };
}

/** A value of a row: null is SQL's NULL. */
type Cell = string | number | null;

/** Rows as a thread would hand them over: COPY text in shared memory, form 1 of two. */
export function outputOf(rows: readonly (readonly Cell[])[], recordOfRow?: readonly number[]): SinkOutput {
  const lines = rows.map((row) => Buffer.from(`${row.map(cellText).join("\t")}\n`));
  const text = Buffer.concat(lines);
  const bytes = new Uint8Array(new SharedArrayBuffer(text.length));
  bytes.set(text);
  let end = 0;
  const rowEnds = Int32Array.from(lines, (line) => (end += line.length));
  const records = Int32Array.from(recordOfRow ?? rows.keys());
  const turns = Int32Array.of(0);
  return { sink: "sink", bytes, rows: rows.length, rowEnds, recordOfRow: records, turns, filtered: 0 };
}

function cellText(cell: Cell): string {
  if (cell === null) return "\\N";
  return String(cell).replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n");
}

/** Looks at a table as a job would. */
export function resolveSink(
  options: Partial<z.input<typeof sinkSchema>> & { url: string; table: string },
): Promise<BoundSink> {
  const parsed: PostgresSinkOptions = sinkSchema.parse(options);
  const context = { name: "sink", baseDir: import.meta.dirname, clock: systemClock, format: formatByName };
  return postgresSink.resolve(parsed, context);
}

const sinkSchema = z.strictObject(postgresSinkShape);

/** A session; every one belongs to the same job. */
export function sessionOf(changes: Partial<SinkSession> = {}): SinkSession {
  const signal = new AbortController().signal;
  return { job: "orders", run: "run-1", scope: "run-1", sink: "sink", signal, resumed: false, ...changes };
}

/** Resolves and opens in one step. */
export async function openWriter(
  options: Parameters<typeof resolveSink>[0],
  session: Partial<SinkSession> = {},
): Promise<SinkWriter> {
  const sink = await resolveSink(options);
  return sink.open(sessionOf(session));
}

/** Claims one split. */
export async function claimSplit(writer: SinkWriter, split = "a.csv"): Promise<Progress> {
  const [progress] = (await writer.claim?.([{ split, origin: originPosition("0", 1) }])) ?? [];
  if (progress === undefined) throw new TypeError("the writer keeps no positions");
  return progress;
}

/** The step over `records` records, of which `rejected` were rejected. */
export function advanceOf(from: Progress, records: number, rejected = 0): Advance {
  const read = from.counts.read + records;
  const ordinal = from.position.ordinal + BigInt(records);
  return {
    split: from.split,
    epoch: from.epoch,
    from: from.position.ordinal,
    to: { ordinal, token: String(ordinal * 10n), line: Number(ordinal) + 1 },
    counts: {
      ...NO_COUNTS,
      read,
      written: from.counts.written + records - rejected,
      rejected: from.counts.rejected + rejected,
    },
  };
}

/** The progress that an advance leaves behind. */
export function progressAfter({ split, epoch, to, counts }: Advance): Progress {
  return { split, epoch, position: to, counts };
}

/** A reject of the first stage. */
export function rejectOf(changes: Partial<Reject> = {}): Reject {
  return {
    job: "orders",
    run: "run-1",
    scope: "run-1",
    split: "a.csv",
    position: { ordinal: 3n, token: "30" },
    line: 4,
    stage: "decode",
    code: "CSV_FIELD_COUNT",
    message: "3 fields, wanted 4",
    raw: "a,b,c",
    rawEncoding: "utf8",
    attempts: 1,
    at: "2024-05-01T10:00:00.000Z",
    ...changes,
  };
}
