/** What a run tells while it works: logger, metrics, progress bar and summary are subscribers of these events. */
import type { ErrorCode } from "../errors.ts";
import type { Counts } from "../ledger.ts";
import type { RejectStage } from "../reject.ts";
import type { StageName, StageTimes } from "../timing.ts";
import type { BreakerState } from "./sink.ts";
import type { RunState } from "./state-store.ts";

/** One thing that happened in a run. Times are the clock's milliseconds. */
export type RunEvent = { readonly job: string; readonly run: string; readonly at: number } & (
  | {
      readonly kind: "run-started";
      readonly source: string;
      readonly sinks: { readonly [name: string]: string };
      readonly transform: string | null;
      readonly totalBytes: number | null;
      /** Of a live source none yet: `share-taken` names them. */
      readonly splits: number;
      /** It goes on until somebody stops it; default false. */
      readonly endless?: boolean;
      readonly threads: number;
      readonly trigger: string;
      readonly slot: string | null;
      /** What an earlier process had committed, when this one goes on. */
      readonly resumed: {
        readonly split: string;
        readonly token: string;
        readonly read: number;
        readonly bytes: number;
      } | null;
    }
  /** A sink was opened, also after a restart: what it holds of this run from here on counts on top of this. */
  | { readonly kind: "sink-opened"; readonly sink: string; readonly counts: Counts }
  | { readonly kind: "split-started"; readonly split: string; readonly bytes: number | null }
  | { readonly kind: "split-ended"; readonly split: string }
  | { readonly kind: "chunk-cut"; readonly split: string; readonly bytes: number }
  /** In order, before it is written. `bytes` of source consumed. */
  | {
      readonly kind: "chunk-done";
      readonly split: string;
      readonly records: number;
      readonly bytes: number;
      readonly rejected: number;
      /** The sinks that get of it, if not all do. */
      readonly sinks?: readonly string[];
    }
  | {
      readonly kind: "unit-committed";
      readonly sink: string;
      /** What this unit added. */
      readonly added: Counts;
      readonly chunks: number;
      readonly commitMs: number;
      readonly careful: boolean;
    }
  | {
      readonly kind: "rejected";
      readonly stage: RejectStage;
      readonly code: string;
      readonly sink: string | null;
      readonly count: number;
      /** The first of them, for a log line that helps. */
      readonly message: string;
      readonly split: string;
      readonly line: number | null;
    }
  | { readonly kind: "rewound"; readonly split: string; readonly token: string; readonly dropped: number }
  | {
      readonly kind: "retrying";
      readonly stage: StageName;
      /** The sink that cannot be reached. */
      readonly sink?: string;
      readonly attempt: number;
      readonly delayMs: number;
      readonly code: ErrorCode;
      /** What the server or the system calls the fault (an SQLSTATE, an errno, an HTTP status), else the code. */
      readonly reason: string;
      readonly message: string;
      /** What the message leaves out, from the fault's causes; not there where it says all. */
      readonly causes?: readonly string[];
    }
  /** A sink pauses because its far side fails, tries again, or goes on. `forMs`: how long it will be open. */
  | {
      readonly kind: "breaker";
      readonly sink: string;
      readonly state: BreakerState;
      readonly forMs: number | null;
      readonly reason: string | null;
    }
  | {
      readonly kind: "thread-died";
      readonly fault: "crash" | "hang" | "memory";
      readonly split: string;
      readonly record: number | null;
    }
  | {
      readonly kind: "restarting";
      readonly actor: string;
      readonly attempt: number;
      readonly delayMs: number;
      readonly code: ErrorCode;
      readonly message: string;
      readonly causes?: readonly string[];
    }
  | { readonly kind: "draining"; readonly reason: string }
  /** Processes share the source out, and this one has these splits from now on. */
  | { readonly kind: "share-taken"; readonly splits: readonly string[] }
  /** Of a live source, now and then: records of each split that are still to be committed. */
  | { readonly kind: "lagging"; readonly records: Readonly<Record<string, number>> }
  /** Another process runs the job, and this one waits for its end. `forMs`: how long it may be silent. */
  | { readonly kind: "waiting"; readonly owner: string; readonly forMs: number }
  /** Something that other runs of the process hold has been waited for, for so long that somebody should know. */
  | {
      readonly kind: "held-up";
      readonly stage: StageName;
      /** The sink that waits. */
      readonly sink?: string;
      readonly forMs: number;
      readonly message: string;
    }
  /** About four times a second. */
  | {
      readonly kind: "sampled";
      /** Of several sinks the busiest one's. */
      readonly stages: { readonly [S in StageName]: StageTimes };
      /** Which sink's times they are. */
      readonly busiestSink?: string;
      readonly mailboxes: readonly MailboxSample[];
      readonly budget: { readonly used: number; readonly limit: number };
      readonly pools: { readonly [name: string]: number };
    }
  | {
      readonly kind: "run-ended";
      readonly state: RunState;
      readonly durationMs: number;
      /** Those of the sink with the fewest written. */
      readonly counts: Counts;
      /** Each one's, if there are several. */
      readonly sinks?: { readonly [name: string]: Counts };
      readonly message: string | null;
      readonly causes?: readonly string[];
    }
);

/** How full a mailbox is. */
export interface MailboxSample {
  readonly name: string;
  readonly bytes: number;
  readonly records: number;
}

/** Any kind of event. */
export type RunEventKind = RunEvent["kind"];

/** One event without what the emitter adds. */
export type RunEventBody = RunEvent extends infer E
  ? E extends RunEvent
    ? Omit<E, "job" | "run" | "at">
    : never
  : never;

/** A subscriber. It must be quick and must not throw; what it throws is dropped. */
export type Observer = (event: RunEvent) => void;
