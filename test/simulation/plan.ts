/** Everything a seed decides before anything runs: the data, the job, the limits and what is going to go wrong. */
import type { ChunkSize } from "../../src/config/job.ts";
import type { DecodeSpec } from "../../src/core/ports/format.ts";
import { type FaultRates, NO_FAULTS } from "./world/faults.ts";
import { Scheduler } from "./world/scheduler.ts";
import type { SourceSplit } from "./world/source.ts";
import { SplitText, type TextOptions } from "./world/text.ts";

/** What happens to whole processes. */
export type Disaster = "kill" | "pause" | "stop";

/** One sink of a seed's job. */
export interface SinkPlan {
  readonly name: string;
  /**
   * `database`: positions with the data; `parts`: positions in the state, begun anew; `log`: there too, gone on with;
   * `worded`: so with words about its parts; `api`: the HTTP sink before a server that acts once a key.
   */
  readonly kind: "database" | "parts" | "log" | "worded" | "api";
  /** Of an `api`. */
  readonly api?: ApiPlan;
  readonly check: boolean;
  readonly unique: boolean;
  readonly lanes: 1 | 2;
  /** The output columns are found in the first chunk. */
  readonly findColumns: boolean;
  /** Of a `worded` one: rows after which a part is shown; null: all is shown in the end. */
  readonly rotateRows: number | null;
  /** Replies to its commits are lost again and again. */
  readonly losesCommits: boolean;
  /** When it cannot be reached, in steps of the simulation. */
  readonly outages: readonly { readonly fromStep: number; readonly forMs: number }[];
}

/** How the HTTP sink is set up. */
export interface ApiPlan {
  /** null: one request a row. */
  readonly batch: { readonly records: number; readonly bytes: number } | null;
  /** Whether the answer to a batch says what became of each row. */
  readonly tellsEach: boolean;
  readonly concurrency: number;
  readonly orderBy: string | null;
  readonly adaptive: boolean;
  readonly breaker: { readonly failures: number; readonly resetAfter: number } | null;
}

/** A transform after somebody has looked at the rejects: some are refused again, or none for its sake. */
export type Mended = "half" | "whole";

/** One seed's world. */
export interface SimulationPlan {
  readonly splits: readonly SourceSplit[];
  readonly decode: DecodeSpec;
  readonly transform: boolean;
  readonly mode: "record" | "chunk" | "async";
  readonly order: "source" | "none";
  /** Of each process in turn: borders mean nothing. */
  readonly chunks: readonly ChunkSize[];
  readonly commit: { readonly bytes: number; readonly intervalMs: number };
  readonly maxRejects: number | null;
  readonly threads: number;
  readonly budgetBytes: number;
  readonly sinks: readonly SinkPlan[];
  /** Whether the module has a `route`. */
  readonly route: boolean;
  readonly onSinkDown: "wait" | "fail";
  readonly rejects: "default" | "file";
  readonly faults: FaultRates;
  /** Whether the source's own way of not being there for a moment is to be away, and not to break. */
  readonly sourceIsAway: boolean;
  readonly disasters: readonly Disaster[];
  /** Replays of the rejects, one after another once the job has succeeded. */
  readonly replays: readonly ReplayPlan[];
}

/** One replay, over all its processes. */
export interface ReplayPlan {
  readonly mended: Mended;
  readonly disasters: readonly Disaster[];
  /** A process stands still as soon as it has chosen its run, while it takes what it is going to try. */
  readonly sleepsFirst: boolean;
}

const FIELDS = ["id", "n", "note"];
const FAULT_KINDS = ["unsent", "lostReply", "late", "crash", "threadDeath"] as const;
const RATES = [0, 0, 0.005, 0.02, 0.06] as const;
const DISASTERS = ["kill", "kill", "pause", "stop"] as const;

/** Jobs of seeds from here on have several sinks, the others one. */
export const FAN_OUT = 1_000_000;

/** Transforms of seeds from here on work on many records at once. */
export const MODES = 2_000_000;

/** Jobs of seeds from here on are followed by replays of what they rejected. */
export const REPLAYS = 3_000_000;

/** The sources of seeds from here on are live, and shared out among processes: `live/plan.ts`. */
export const LIVE = 4_000_000;

/** Seeds from here on write to APIs, and their sources are away now and then. */
export const APIS = 5_000_000;

/** Decides. */
export function planOf(seed: number): SimulationPlan {
  const plan = planOfOneSink(seed);
  if (seed >= APIS) return withApis(fannedOut(plan, new Scheduler(seed ^ 0xfa0)), seed);
  if (seed < FAN_OUT) return plan;
  if (seed < MODES) return fannedOut(plan, new Scheduler(seed ^ 0xfa0));
  if (seed >= REPLAYS) return replayed(fannedOut(plan, new Scheduler(seed ^ 0xfa0)), seed);
  return { ...plan, mode: new Scheduler(seed ^ 0x30de).chance(0.5) ? "chunk" : "async" };
}

/** @param framedShare of the sources that frame their records themselves */
export function planOfOneSink(seed: number, framedShare = 0.15): SimulationPlan {
  // A stream of its own, so that a change here does not change what the scheduler draws.
  const scheduler = new Scheduler(seed ^ 0x5eed);
  const pick = <T>(list: readonly T[]): T => list[scheduler.between(0, list.length - 1)] as T;
  const sink = pick(["database", "database", "database", "parts"] as const);
  const transform = scheduler.chance(0.7);
  const unique = sink === "database" && scheduler.chance(0.3);
  const check = sink === "database" && scheduler.chance(0.5);
  const maxRecordBytes = pick([300, 600, 2_000]);
  const format = pick(["csv", "csv", "jsonl"] as const);
  const text = textOptions(scheduler, { format, maxRecordBytes, transform, check, unique });
  const framed = scheduler.chance(framedShare);
  const sized = scheduler.chance(0.7);
  const splits = Array.from({ length: pick([1, 1, 2, 3, 6]) }, (_, number) => {
    const records = scheduler.chance(0.1) ? 0 : scheduler.between(1, text.quoted ? 120 : 40);
    return splitOf(number, new SplitText(scheduler, number, { ...text, records }).records(), { framed, sized, format });
  });
  const rejects = scheduler.chance(0.25) ? "file" : "default";
  // A file has no fence: a zombie that takes its rejects up again cuts back what its successor wrote.
  const disasters = rejects === "file" ? DISASTERS.filter((disaster) => disaster !== "pause") : DISASTERS;
  return {
    splits,
    decode: {
      format,
      options: format === "csv" ? { header: FIELDS } : {},
      columns: { n: { type: "int" } },
      maxRecordBytes,
    },
    transform,
    mode: "record",
    order: pick(["source", "none"] as const),
    chunks: [chunkOf(scheduler, text.quoted)],
    commit: { bytes: pick([1, 300, 5_000, 1_000_000]), intervalMs: pick([1, 50, 1_000, 3_600_000]) },
    maxRejects: scheduler.chance(0.15) ? scheduler.between(0, 10) : null,
    threads: pick([1, 2, 4]),
    budgetBytes: pick([1, 1, 500_000, 1_000_000, 100_000_000]),
    sinks: [
      {
        name: "sink",
        kind: sink,
        check,
        unique,
        lanes: unique ? 1 : pick([1, 2, 2] as const),
        findColumns: scheduler.chance(0.3),
        rotateRows: null,
        losesCommits: false,
        outages: [],
      },
    ],
    route: false,
    onSinkDown: "wait",
    rejects,
    faults: faultRates(scheduler),
    sourceIsAway: false,
    disasters: scheduler.chance(0.3) ? [] : Array.from({ length: scheduler.between(1, 4) }, () => pick(disasters)),
    replays: [],
  };
}

const SINK_NAMES = ["a", "b", "c"];
const SINK_KINDS = ["database", "database", "parts", "log"] as const;

/** The same world with up to three sinks, some of which are down for a while, and a transform that may route. */
function fannedOut(plan: SimulationPlan, scheduler: Scheduler): SimulationPlan {
  const pick = <T>(list: readonly T[]): T => list[scheduler.between(0, list.length - 1)] as T;
  // What the first sink refuses is in the data.
  const [first] = plan.sinks as readonly [SinkPlan];
  const sinks = SINK_NAMES.slice(0, pick([1, 2, 2, 2, 3, 3])).map((name, number): SinkPlan => {
    const kind = number === 0 && first.kind === "database" ? "database" : pick(SINK_KINDS);
    const unique = kind === "database" && (number === 0 ? first.unique : scheduler.chance(0.2));
    const outages = scheduler.chance(0.6) ? [] : [{ fromStep: scheduler.between(1, 250), forMs: pick(OUTAGES) }];
    return {
      name,
      kind,
      unique,
      check: kind === "database" && (number === 0 ? first.check : scheduler.chance(0.4)),
      lanes: unique ? 1 : pick([1, 2, 2] as const),
      findColumns: scheduler.chance(0.3),
      rotateRows: null,
      losesCommits: false,
      outages,
    };
  });
  const route = plan.transform && sinks.length > 1 && scheduler.chance(0.5);
  const onSinkDown = pick(["wait", "wait", "fail"] as const);
  const chunks = [...plan.chunks, chunkOf(scheduler, true), chunkOf(scheduler, false)];
  return { ...plan, sinks, route, onSinkDown, chunks };
}

/** The same with sinks that replays can add to, of which one may lose the replies to its commits. */
function replayed(plan: SimulationPlan, seed: number): SimulationPlan {
  const scheduler = new Scheduler(seed ^ 0x5e71);
  const pick = <T>(list: readonly T[]): T => list[scheduler.between(0, list.length - 1)] as T;
  const lossy = scheduler.chance(0.4) ? scheduler.between(0, plan.sinks.length - 1) : null;
  const sinks = plan.sinks.map((sink, number): SinkPlan => {
    const kind = sink.kind === "database" ? "database" : pick(["worded", "worded", "worded", "log"] as const);
    const rotateRows = kind === "worded" ? pick([null, 1, 5, 30]) : null;
    return { ...sink, kind, rotateRows, losesCommits: number === lossy };
  });
  const disasters = plan.rejects === "file" ? DISASTERS.filter((disaster) => disaster !== "pause") : DISASTERS;
  // Drawn apart: added later, and the seeds of before do what they did.
  const sleepers = new Scheduler(seed ^ SLEEPERS);
  const replay = (mended: Mended): ReplayPlan => {
    const drawn = scheduler.chance(0.2) ? [] : Array.from({ length: scheduler.between(1, 4) }, () => pick(disasters));
    const sleepsFirst = plan.rejects !== "file" && sleepers.chance(0.3);
    return { mended, disasters: sleepsFirst ? ["pause", ...drawn] : drawn, sleepsFirst };
  };
  const replays = pick<readonly Mended[]>([["half"], ["whole"], ["half", "whole"], ["half", "half"]]).map(replay);
  return { ...plan, sinks, replays };
}

const SLEEPERS = 0x51f1;

/** The same where all sinks but databases are APIs, at least one. */
function withApis(plan: SimulationPlan, seed: number): SimulationPlan {
  const scheduler = new Scheduler(seed ^ 0xa91);
  const pick = <T>(list: readonly T[]): T => list[scheduler.between(0, list.length - 1)] as T;
  const sinks = plan.sinks.map((sink, number): SinkPlan => {
    if (sink.kind === "database" && number > 0) return sink;
    const batch = scheduler.chance(0.3) ? null : { records: pick([1, 2, 3, 10]), bytes: pick([60, 200, 100_000]) };
    const api: ApiPlan = {
      batch,
      tellsEach: batch !== null && scheduler.chance(0.4),
      concurrency: pick([1, 2, 5]),
      orderBy: scheduler.chance(0.3) ? pick(["id", "n"]) : null,
      adaptive: scheduler.chance(0.3),
      breaker: scheduler.chance(0.3) ? { failures: pick([1, 2, 5]), resetAfter: pick([100, 10_000]) } : null,
    };
    // Nothing is unique there.
    return { ...sink, kind: "api", unique: false, findColumns: false, check: scheduler.chance(0.5), api };
  });
  return { ...plan, sinks, sourceIsAway: scheduler.chance(0.5) };
}

/** Milliseconds; the longest one outlasts `retry.for`. */
const OUTAGES = [500, 5_000, 60_000, 400_000] as const;

/** A wrong guess shows only where a chunk ends, so many borders are needed to see one. */
export function chunkOf(scheduler: Scheduler, small: boolean): ChunkSize {
  const pick = (list: readonly number[]): number => list[scheduler.between(0, list.length - 1)] as number;
  if (scheduler.chance(small ? 0.6 : 0.3)) return { kind: "records", records: pick(small ? [1, 2] : [1, 3, 10]) };
  return { kind: "bytes", bytes: pick(small ? [30, 60, 120] : [50, 200, 500, 2_000, 100_000]) };
}

function textOptions(
  scheduler: Scheduler,
  {
    format,
    maxRecordBytes,
    transform,
    check,
    unique,
  }: Pick<TextOptions, "format" | "maxRecordBytes"> & { transform: boolean; check: boolean; unique: boolean },
): TextOptions {
  const share = (most: number): number => (scheduler.chance(0.4) ? 0 : scheduler.random() * most);
  const quoted = scheduler.chance(0.3);
  return {
    format,
    maxRecordBytes,
    records: 0,
    malformed: quoted ? 0.08 : share(0.2),
    quoted,
    spoken: transform ? share(0.4) : 0,
    deadly: transform ? share(0.05) : 0,
    refused: check || unique ? share(0.2) : 0,
  };
}

function splitOf(
  number: number,
  texts: readonly string[],
  { framed, sized, format }: { framed: boolean; sized: boolean; format: string },
): SourceSplit {
  const pieces = texts.map((text) => Buffer.from(framed ? text.replace(/\r?\n$/, "") : text));
  const ends = new Int32Array(pieces.length);
  pieces.reduce((sum, piece, index) => (ends[index] = sum + piece.length), 0);
  return {
    id: `s${number}`,
    bytes: Buffer.concat(pieces),
    ends: framed ? ends : null,
    fields: format === "csv" ? FIELDS : undefined,
    sized,
  };
}

function faultRates(scheduler: Scheduler): FaultRates {
  if (scheduler.chance(0.25)) return NO_FAULTS;
  const only = scheduler.chance(0.3) ? FAULT_KINDS[scheduler.between(0, FAULT_KINDS.length - 1)] : null;
  const rate = (kind: (typeof FAULT_KINDS)[number]): number => {
    const drawn = RATES[scheduler.between(0, RATES.length - 1)] ?? 0;
    if (only !== null) return kind === only ? 0.05 : 0;
    return kind === "crash" ? drawn / 5 : drawn;
  };
  return {
    unsent: rate("unsent"),
    lostReply: rate("lostReply"),
    late: rate("late"),
    crash: rate("crash"),
    threadDeath: rate("threadDeath"),
  };
}
