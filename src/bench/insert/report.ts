/** What `bench insert` found out. */
import type { Job } from "../../config/job.ts";
import type { SinkOutput } from "../../core/result.ts";
import { type Measured, measured as summedUp } from "../statistics.ts";
import type { BenchSink } from "./bench-sink.ts";
import type { MeasuredWays } from "./measure-ways.ts";
import { type Recommendation, recommend } from "./recommendation.ts";
import type { Sample } from "./sample.ts";
import type { LoadSample } from "./timed-load.ts";
import type { WayName } from "./ways.ts";

/** A way with its figures, the medians of all rounds. */
export interface WayFigures {
  readonly way: WayName;
  readonly rowsPerSecond: Measured;
  /** Microseconds of this process's CPU. */
  readonly cpuPerRow: number;
  /** null where the server does not tell. */
  readonly walBytesPerRow: number | null;
  /** Rows of one load: fewer than all where the time was over before. */
  readonly rows: number;
}

/** All of it. */
export interface InsertReport {
  readonly job: string;
  readonly sink: string;
  /** As the job spells it. */
  readonly table: string;
  readonly columns: readonly string[];
  /** Source records that were read. */
  readonly records: number;
  /** Of them. */
  readonly rejected: number;
  /** Whether more records would not have fitted into memory. */
  readonly isFull: boolean;
  /** Rows of one load. */
  readonly rows: number;
  /** Rows that the table's keys and constraints, or its types, left out of it. */
  readonly refusedRows: number;
  /** Of the rows in COPY's text form. */
  readonly bytes: number;
  readonly indexes: boolean;
  readonly rounds: number;
  /** The fastest first. */
  readonly ways: readonly WayFigures[];
  /** The others, with the server's reason. */
  readonly refused: readonly { readonly way: WayName; readonly why: string }[];
  readonly recommended: Recommendation | null;
}

/** What it is made of. */
interface Findings {
  readonly job: Job;
  readonly sink: BenchSink;
  readonly sample: Sample;
  readonly loaded: SinkOutput;
  readonly measured: MeasuredWays;
  readonly indexes: boolean;
  readonly rounds: number;
}

/** Sums up. */
export function reportOf({ job, sink, sample, loaded, measured, indexes, rounds }: Findings): InsertReport {
  const ways = Array.from(measured.samples, ([way, samples]) => figuresOf(way, samples)).toSorted(
    (a, b) => b.rowsPerSecond.median - a.rowsPerSecond.median,
  );
  return {
    job: job.name,
    sink: sink.name,
    table: sink.options.table,
    columns: sample.columns,
    records: sample.records,
    rejected: sample.rejected,
    isFull: sample.isFull,
    rows: loaded.rows,
    refusedRows: sample.rows.rows - loaded.rows,
    bytes: loaded.bytes.length,
    indexes,
    rounds,
    ways,
    refused: Array.from(measured.refused, ([way, why]) => ({ way, why })),
    recommended: recommend(ways, sink.options),
  };
}

function figuresOf(way: WayName, samples: readonly LoadSample[]): WayFigures {
  const median = (of: (sample: LoadSample) => number): number => summedUp(samples.map(of)).median;
  const hasWal = samples.every(({ walBytes }) => walBytes !== null);
  return {
    way,
    rowsPerSecond: summedUp(samples.map(({ rows, elapsedMs }) => (rows / elapsedMs) * 1000)),
    cpuPerRow: median(({ cpuMs, rows }) => (cpuMs / rows) * 1000),
    walBytesPerRow: hasWal ? median(({ walBytes, rows }) => (walBytes ?? 0) / rows) : null,
    rows: median(({ rows }) => rows),
  };
}
