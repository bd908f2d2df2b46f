/**
 * What a job promises per sink, and what weakens it: a pure function of the job, told by `check` before anything runs.
 *
 * `docs/promises.md` has the table for people, with the test that holds each line.
 */
import { isLive, type Job, type SinkOptions, type SourceOptions } from "../config/job.ts";
import { compressionOfPath, formatOfPath } from "../connectors/file/options.ts";
import { isStreamed } from "../connectors/http/source-options.ts";
import { definitionOf, type SinkDefinition, type SourceDefinition } from "../core/ports/connector.ts";
import { byShiftingPages } from "./http-remarks.ts";
import { byRequests, intoHttp, ofRejectRequests, ofSendingAgain } from "./http-sink-remarks.ts";
import { byTransactions, intoKafka, ofDeadLetters, ofTransactions } from "./kafka-remarks.ts";
import { consumesAlone } from "./lone-consumer.ts";
import { intoPostgres, ofMode } from "./postgres-remarks.ts";
import { byKey, ofMovingRows } from "./postgres-source-remarks.ts";
import { repeatedRun, triggerRemarks } from "./trigger-remarks.ts";
import { ofRequests } from "./webhook-remarks.ts";

/** Something to know about a promise, and what makes it go away. */
export interface Remark {
  /** The setting, with what then happens. */
  readonly edge: string;
  /** What to change; null: nothing, it is so. */
  readonly change: string | null;
}

/** The promise of one sink. */
export interface SinkPromise {
  readonly sink: string;
  /** What holds for every source record. */
  readonly promise: string;
  /** What makes the promise smaller. */
  readonly weakenedBy: readonly Remark[];
  /** What holds and may still surprise. */
  readonly warnings: readonly Remark[];
}

/** How a source's records take effect in a sink; pairs that cannot run yet have no line. */
const PROMISES: { readonly [pair: string]: (sink: SinkOptions) => string } = {
  "file postgres": intoPostgres,
  "file file": intoFiles,
  "file module": intoModule,
  "file kafka": intoKafka,
  "module postgres": intoPostgres,
  "module file": intoFiles,
  "module module": intoModule,
  "module kafka": intoKafka,
  "kafka postgres": intoPostgres,
  "kafka file": intoFiles,
  "kafka module": intoModule,
  "kafka kafka": intoKafka,
  "http postgres": intoPostgres,
  "http file": intoFiles,
  "http module": intoModule,
  "http kafka": intoKafka,
  "file http": intoHttp,
  "module http": intoHttp,
  "kafka http": intoHttp,
  "http http": intoHttp,
  "webhook http": intoHttp,
  "postgres http": intoHttp,
  "postgres postgres": intoPostgres,
  "postgres file": intoFiles,
  "postgres module": intoModule,
  "postgres kafka": intoKafka,
  "webhook postgres": intoPostgres,
  "webhook file": intoFiles,
  "webhook module": intoModule,
  "webhook kafka": intoKafka,
};

function intoFiles(sink: SinkOptions): string {
  return isFile(sink) && sink.mode === "append"
    ? "every source record takes effect once in the finished files, each of which appears when it is complete"
    : "every source record takes effect once in the finished file, which appears only when it is complete";
}

/** The connector's own word; its conformance suite holds it to that. */
function intoModule(sink: SinkOptions): string {
  const { effect } = definition(sink, "sink");
  return effect === "once"
    ? "every source record takes effect once, also after kill -9 (the connector says so)"
    : "at least once: what was sent and not noted before a crash is sent again";
}

/** The promises of a job, in the order of its sinks. */
export function promiseOf(job: Job): SinkPromise[] {
  return Object.entries(job.sinks).map(([sink, options]) => ({
    sink,
    promise: promised(job, options),
    weakenedBy: [
      ...bySource(job),
      ...byShiftingPages(job),
      ...byKey(job),
      ...byTransform(job),
      ...byUnknownFields(options),
      ...byTransactions(options),
      ...byRequests(options),
    ],
    warnings: [
      ...ofRepetition(job, options),
      ...ofMode(job, options),
      ...ofSendingAgain(job, options),
      ...ofIncremental(job),
      ...ofMovingRows(job),
      ...ofRequests(job),
      ...ofFormat(job),
      ...ofCalls(job),
      ...ofFanOut(job),
      ...ofTransactions(options),
      ...ofDeadLetters(job),
      ...ofRejectRequests(job),
      ...ofSharing(job),
      ...triggerRemarks(job),
    ],
  }));
}

function promised({ source }: Job, sink: SinkOptions): string {
  const promise = PROMISES[`${source.type} ${sink.type}`];
  if (promise === undefined) return "nothing is promised for this pair yet";
  const bytes = isCompressed(sink) ? "; a resumed run gives the same bytes once they are decompressed" : "";
  const runs = isIncremental(source) ? "; over all runs of the job together" : "";
  const from =
    source.type === "webhook" ? "; its source records are those of the requests that were answered with 202" : "";
  return promise(sink) + bytes + runs + from;
}

/** Going on after a crash, and trying again, mean reading from the last position once more. */
function bySource({ source }: Job): Remark[] {
  if (source.type !== "module" || definition(source, "source").replayable !== false) return [];
  return [
    {
      edge: "its source cannot be read again (replayable: false): what was read and not committed at a crash is lost",
      change: "a source that keeps what it gave until it was committed",
    },
  ];
}

function byTransform({ transform }: Job): Remark[] {
  if (transform === null || transform.deterministic) return [];
  return [
    {
      edge: "transform.deterministic: false: a record that is tried again after a crash may come out differently",
      change: "let its result depend on the record alone",
    },
  ];
}

function byUnknownFields(sink: SinkOptions): Remark[] {
  if (sink.type !== "postgres" || sink.onUnknownField !== "ignore") return [];
  return [
    {
      edge: "onUnknownField: ignore: what is no column of the table is left out, and no reject tells of it",
      change: "onUnknownField: error",
    },
  ];
}

/** What a second run does to what the first one wrote. */
function ofRepetition({ source, trigger }: Job, sink: SinkOptions): Remark[] {
  if (isLive(source)) return [];
  const mode = "mode" in sink ? sink.mode : undefined;
  const readsAgain = !isIncremental(source);
  if ((mode === "append" || mode === "insert" || (sink.type === "kafka" && isKept(source))) && readsAgain) {
    const what = source.type === "http" ? "records" : source.type === "postgres" ? "rows" : "files";
    return [
      {
        edge: `${repeatedRun(trigger)} appends the same ${what} again (incremental: false)`,
        change: "incremental: true in the source, which reads only what is new",
      },
    ];
  }
  if (mode !== "replace" || readsAgain) return [];
  return [
    { edge: "the result holds only what the last run read (incremental: true, mode: replace)", change: "mode: append" },
  ];
}

/** What an incremental job does not read, or not yet. */
function ofIncremental({ source }: Job): Remark[] {
  if (!isIncremental(source)) return [];
  if (source.type === "postgres" || (source.type === "http" && !isStreamed(source))) return [];
  return [
    {
      edge: "a last record without a line end waits for a later run, and what a file held that goes away unread is missed (incremental: true)",
      change: null,
    },
  ];
}

/** Where a bad record is more, or less, than one reject. */
function ofFormat({ source, transform, columns }: Job): Remark[] {
  switch (formatOf(source)) {
    case "json":
      return [
        {
          edge: "an array in which the end of a broken element cannot be told ends the run (format: json)",
          change: "one value a line (format: jsonl), where any fault is one reject",
        },
      ];
    case "text":
      return transform === null && Object.keys(columns).length === 0
        ? [
            {
              edge: "every line is a good record, whatever it holds (format: text)",
              change: "a transform, or its schema, that rejects what is none",
            },
          ]
        : [];
    default:
      return [];
  }
}

/** A run that goes on after a crash does the records of a unit that was not committed once more. */
function ofCalls({ transform }: Job): Remark[] {
  if (transform?.mode !== "async") return [];
  return [
    {
      edge: "what the transform itself does outside (requests, writes) may happen again after a crash (mode: async)",
      change: "make such calls repeatable, for instance by an Idempotency-Key of the record's own id",
    },
  ];
}

function ofFanOut({ sinks }: Job): Remark[] {
  if (Object.keys(sinks).length < 2) return [];
  return [
    {
      edge: "each sink keeps its own promise; between two of them a record may be in one before the other",
      change: null,
    },
  ];
}

function ofSharing(job: Job): Remark[] {
  if (!consumesAlone(job)) return [];
  return [
    {
      edge: "one process consumes at a time; a further one of the same state store ends with LEASE_HELD, or waits with --wait",
      change: "a Postgres or Kafka sink and the default place of rejects, which any number of processes may share",
    },
  ];
}

function isFile<O extends { readonly type: string }>(options: O): options is Extract<O, { readonly type: "file" }> {
  return options.type === "file";
}

/** Whether a second run finds what the first one has read. */
function isKept({ type }: SourceOptions): boolean {
  return type === "file" || type === "http" || type === "postgres";
}

function isIncremental(source: SourceOptions): boolean {
  return "incremental" in source && source.incremental;
}

function isCompressed(sink: SinkOptions): boolean {
  return isFile(sink) && (sink.compression ?? compressionOfPath(sink.path)) !== "none";
}

/** What a connector of somebody's own says of itself; nothing before it was loaded. */
function definition(
  options: SourceOptions | SinkOptions,
  side: "source" | "sink",
): Partial<SourceDefinition & Pick<SinkDefinition, "effect">> {
  return "module" in options ? ((definitionOf(options.module, side) ?? {}) as Partial<SourceDefinition>) : {};
}

function formatOf(source: SourceOptions): string | undefined {
  if (source.type === "http") return isStreamed(source) ? source.format : undefined;
  return isFile(source) ? (source.format ?? formatOfPath([source.path].flat()[0] ?? "")) : undefined;
}
