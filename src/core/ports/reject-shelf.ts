/** Rejects where they are kept, to be looked at and tried again: beside a sink's data, in the state store, in a file. */
import type { Reject, RejectStage } from "../reject.ts";

/** Which of a job's rejects; all where nothing else is said. */
export interface RejectFilter {
  readonly job: string;
  readonly scope?: string;
  readonly run?: string;
  readonly split?: string;
  readonly stage?: RejectStage;
  readonly code?: string;
  /** The sink that refused them; null: those of no sink in particular. */
  readonly sink?: string | null;
  /** One of these, likewise. */
  readonly sinks?: readonly (string | null)[];
  readonly ids?: readonly number[];
  /** Those that this replay has taken. */
  readonly takenBy?: string;
  /** Leaves out what replays that are under way have refused again. */
  readonly exceptReplays?: boolean;
}

/** A reject with its number in its place. */
export interface StoredReject extends Reject {
  readonly id: number;
  /** The run of the replay that has taken it. */
  readonly takenBy?: string;
}

/** Rejects of one split that have the same cause. */
export interface RejectCause extends Pick<Reject, "split" | "stage" | "code" | "sink"> {
  readonly count: number;
  /** The lowest of their numbers, and what it says. */
  readonly first: number;
  readonly message: string;
}

/** Whether a filter means a reject; for places without a query language of their own. */
export function isMeant(reject: StoredReject, filter: RejectFilter): boolean {
  const { job, scope, run, split, stage, code, sink, sinks, ids, takenBy, exceptReplays = false } = filter;
  return (
    reject.job === job &&
    isWanted(scope, reject.scope) &&
    isWanted(run, reject.run) &&
    isWanted(split, reject.split) &&
    isWanted(stage, reject.stage) &&
    isWanted(code, reject.code) &&
    isWanted(sink, reject.sink ?? null) &&
    isWanted(takenBy, reject.takenBy) &&
    (sinks === undefined || sinks.includes(reject.sink ?? null)) &&
    (ids === undefined || ids.includes(reject.id)) &&
    !(exceptReplays && reject.scope.startsWith(REPLAY_SCOPE))
  );
}

function isWanted<T>(wanted: T | undefined, value: T): boolean {
  return wanted === undefined || wanted === value;
}

/** A step of a replay in one place of rejects. */
export interface ReplayStep {
  readonly replay: string;
  /** `taken`: it has taken what it is going to try; `settled`: it has left nothing behind that is still taken. */
  readonly step: "taken" | "settled";
}

/** What a replay leaves behind. */
export interface RejectSettlement {
  readonly job: string;
  /** Nothing is put once a replay is as far as this here: whoever still tries to was taken over long ago. */
  readonly unless?: ReplayStep;
  /** These go. */
  readonly drop?: readonly number[];
  /** All that this replay has taken and that is not put goes; it is settled here then, and takes nothing any more. */
  readonly dropTakenBy?: string;
  /** Kept from here on, by their key in the place of what was there; no replay has them any more. */
  readonly put?: readonly Reject[];
}

/**
 * A place of rejects. Numbers rise in the order in which rejects came, and none is given twice.
 *
 * A replay takes what it is going to try: nobody else can take it then, so what it reads stays the same until it is settled.
 */
export interface RejectShelf extends RejectReader {
  /**
   * Takes what no other replay has taken, once for each `sink` of a filter: what a replay has taken stays as it is, so that
   * a process that sleeps in here and wakes up behind its successor takes nothing that came, or came back, meanwhile.
   */
  takeRejects(filter: RejectFilter, replay: string): Promise<void>;
  /** In one step. */
  settleRejects(settlement: RejectSettlement): Promise<void>;
}

/** A place of rejects as somebody sees it who only looks. */
export interface RejectReader {
  /** In the order of their numbers, from behind `after` on. */
  listRejects(
    filter: RejectFilter & { readonly after?: number; readonly limit: number },
  ): Promise<readonly StoredReject[]>;
  /** By split, stage, code and sink, in the order of the first of each. */
  groupRejects(filter: RejectFilter): Promise<readonly RejectCause[]>;
}

/** The scope in which a replay writes begins so; no run has such an id. */
export const REPLAY_SCOPE = "replay:";
