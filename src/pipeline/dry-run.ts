/**
 * A run that writes nothing: its sinks show what they were given, its rejects too, and its positions live in memory.
 *
 * Everything up to the sinks is the real thing (files, headers, catalogues, threads, encoders), so what is shown is
 * what would be sent. What only a server can refuse, a duplicate key, shows in a real run alone.
 */
import { withoutAttached } from "../core/output-rows.ts";
import type { RejectStore } from "../core/ports/reject-store.ts";
import type { BoundSink, SinkWriter } from "../core/ports/sink.ts";
import type { Reject } from "../core/reject.ts";
import type { SinkOutput } from "../core/result.ts";
import type { BoundPlan } from "./resolve.ts";

/** Rows as a sink would have taken them. */
export interface DryRows {
  readonly sink: string;
  /** For people: `postgres orders`. */
  readonly label: string;
  /** The format of the bytes. */
  readonly format: string;
  /** Output columns; null for a format that has none. */
  readonly columns: readonly string[] | null;
  /** Encoded rows; valid during the call. */
  readonly output: SinkOutput;
}

/** Is shown what a run would have written. */
export interface DryRunViewer {
  /** The next rows of a sink, in order. */
  rows(rows: DryRows): void;
  /** The next rejects. */
  rejects(rejects: readonly Reject[]): void;
}

/** The same plan with sinks that show and do not write. */
export function dryPlan(bound: BoundPlan, viewer: DryRunViewer): BoundPlan {
  return {
    ...bound,
    sinks: new Map(Array.from(bound.sinks, ([name, sink]) => [name, drySink(name, sink, viewer)])),
    openRejects: () => Promise.resolve(dryRejects(viewer)),
  };
}

function drySink(name: string, { label, encode: real, known }: BoundSink, viewer: DryRunViewer): BoundSink {
  // the same rows, refused alike, in a form that people can read
  const encode = real.format === "pg-copy-binary" ? { ...real, format: "pg-copy" } : real;
  return {
    label,
    encode,
    ...(known === undefined ? {} : { known }),
    positions: "state",
    resume: "position",
    appends: false,
    open: () =>
      Promise.resolve(
        dryWriter((columns, output) => viewer.rows({ sink: name, label, format: encode.format, columns, output })),
      ),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function dryWriter(show: (columns: readonly string[] | null, output: SinkOutput) => void): SinkWriter {
  return {
    lanes: 1,
    async begin(_mode, columns) {
      return {
        async write(output) {
          show(columns, withoutAttached(output));
          return { rejects: [] };
        },
        commit: () => Promise.resolve(),
        rollback: () => Promise.resolve(),
      };
    },
    finish: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function dryRejects(viewer: DryRunViewer): RejectStore {
  return {
    append: async (rejects) => viewer.rejects(rejects),
    resume: () => Promise.resolve(),
    publish: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
