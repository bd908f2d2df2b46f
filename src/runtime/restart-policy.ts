/**
 * OTP's restart intensity: a supervisor that restarts its children too often is itself at fault.
 *
 * Source: Erlang/OTP, `supervisor.erl`, `add_restart/1`: the times of the last `period` are kept in a sliding window; one
 * more, and if more than `intensity` of them remain, the supervisor gives up.
 */
import { MillraceError } from "../core/errors.ts";

/** How many restarts are too many. */
export interface RestartPolicy {
  /** So many restarts within a period are borne; 0 bears none, `Infinity` any number. */
  readonly intensity: number;
  /** The length of the window, in milliseconds; a restart exactly so long ago still counts. */
  readonly periodMs: number;
}

/** The times of the restarts that may still count, oldest first, in milliseconds of a monotonic clock. */
export type RestartHistory = readonly number[];

/** What one more restart means. */
export type RestartVerdict =
  | { readonly kind: "restart"; readonly history: RestartHistory }
  | { readonly kind: "give-up"; readonly history: RestartHistory };

/**
 * Judges one more restart at `nowMs`. A pure function: the caller keeps the history of the verdict.
 *
 * @example
 * const policy = { intensity: 1, periodMs: 1_000 };
 * const first = judgeRestart(policy, [], 0); // restart
 * judgeRestart(policy, first.history, 1_000).kind; // "give-up"
 * judgeRestart(policy, first.history, 1_001).kind; // "restart"
 */
export function judgeRestart(policy: RestartPolicy, history: RestartHistory, nowMs: number): RestartVerdict {
  const recent = [...history.filter((time) => nowMs - time <= policy.periodMs), nowMs];
  return { kind: recent.length > policy.intensity ? "give-up" : "restart", history: recent };
}

/** @throws MillraceError USAGE if the policy cannot be judged by */
export function checkRestartPolicy({ intensity, periodMs }: RestartPolicy): void {
  if (intensity >= 0 && periodMs > 0) return;
  throw new MillraceError("USAGE", `restarts: needs intensity (${intensity}) >= 0 and periodMs (${periodMs}) > 0`);
}
