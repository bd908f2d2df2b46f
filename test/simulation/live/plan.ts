/** Everything a seed decides of a live source: its partitions, who reads them, and what is going to go wrong. */
import type { ChunkSize } from "../../../src/config/job.ts";
import { chunkOf, planOfOneSink, type SimulationPlan } from "../plan.ts";
import { Scheduler } from "../world/scheduler.ts";

/** What happens to a process, or to the group. */
export type GroupDisaster = "kill" | "pause" | "stop" | "rebalance" | "evict";

/** One sink of a seed's live job. */
export interface LiveSinkPlan {
  readonly name: string;
  /** `database`: positions with the data; `keyed`: positions in the state store, and the same row twice is one. */
  readonly kind: "database" | "keyed";
  readonly check: boolean;
  readonly unique: boolean;
  readonly lanes: 1 | 2;
  readonly findColumns: boolean;
  /** Replies to its commits are lost again and again. */
  readonly losesCommits: boolean;
  readonly outages: readonly { readonly fromStep: number; readonly forMs: number }[];
}

/** One seed's world. */
export interface LivePlan
  extends Pick<
    SimulationPlan,
    "splits" | "decode" | "transform" | "commit" | "threads" | "budgetBytes" | "faults" | "onSinkDown"
  > {
  /** Of each process in turn. */
  readonly chunks: readonly ChunkSize[];
  readonly sinks: readonly LiveSinkPlan[];
  /** Processes that read at a time. */
  readonly processes: number;
  /** Whether each has a state store of its own, which does where positions live with the data. */
  readonly ownStores: boolean;
  /** Records that come at once, at most, and the milliseconds from one time to the next, at most. */
  readonly growth: { readonly records: number; readonly everyMs: number };
  /** How long the group waits for a member that says nothing. */
  readonly sessionMs: number;
  /** Share of the rebalances that leave everybody what he has, as far as that goes. */
  readonly sticky: number;
  readonly disasters: readonly GroupDisaster[];
}

const DISASTERS = ["kill", "pause", "pause", "stop", "rebalance", "rebalance", "evict"] as const;
const MOST_PARTITIONS = 5;
const LONGEST_UNIT_MS = 10_000;

/** Decides. */
export function livePlanOf(seed: number): LivePlan {
  const base = planOfOneSink(seed, 1);
  const scheduler = new Scheduler(seed ^ 0x11fe);
  const pick = <T>(list: readonly T[]): T => list[scheduler.between(0, list.length - 1)] as T;
  // What the first sink refuses is in the data.
  const first = base.sinks[0] as SimulationPlan["sinks"][number];
  const sinks = ["a", "b"].slice(0, pick([1, 2])).map((name, number): LiveSinkPlan => {
    const kind =
      number === 0 && first.kind === "database" ? "database" : pick(["database", "database", "keyed"] as const);
    const unique = kind === "database" && (number === 0 ? first.unique : scheduler.chance(0.2));
    return {
      name,
      kind,
      unique,
      check: kind === "database" && (number === 0 ? first.check : scheduler.chance(0.4)),
      lanes: unique ? 1 : pick([1, 2, 2] as const),
      findColumns: scheduler.chance(0.3),
      losesCommits: scheduler.chance(0.2),
      outages: scheduler.chance(0.7)
        ? []
        : [{ fromStep: scheduler.between(1, 400), forMs: pick([500, 5_000, 60_000]) }],
    };
  });
  return {
    ...base,
    splits: base.splits.slice(0, MOST_PARTITIONS),
    chunks: [...base.chunks, chunkOf(scheduler, true), chunkOf(scheduler, false)],
    // An open unit of a live source closes when its time is over, however little comes.
    commit: { ...base.commit, intervalMs: Math.min(base.commit.intervalMs, LONGEST_UNIT_MS) },
    onSinkDown: pick(["wait", "wait", "fail"] as const),
    sinks,
    processes: pick([1, 2, 2, 3, 3]),
    ownStores: sinks.every(({ kind }) => kind === "database") && scheduler.chance(0.5),
    growth: { records: pick([1, 5, 50, 1_000]), everyMs: pick([0, 100, 2_000]) },
    sessionMs: pick([6_000, 10_000]),
    sticky: pick([0, 0.5, 0.9]),
    disasters: scheduler.chance(0.15) ? [] : Array.from({ length: scheduler.between(1, 8) }, () => pick(DISASTERS)),
  };
}
