/** What came of each slot of a backfill. */
import type { RunSummary } from "../../core/summary.ts";

/** One slot: run now, run before, or not reached. */
export type SlotResult = { readonly slot: string } & (
  | { readonly state: RunSummary["state"]; readonly summary: RunSummary }
  /** Its run could not begin. */
  | {
      readonly state: "failed";
      readonly summary: null;
      readonly error: { readonly code: string; readonly message: string };
    }
  /** It had succeeded before. */
  | { readonly state: "done" }
  | { readonly state: "open" }
);

/** Why a slot was not run to its end; null where it was, or was not begun. */
export function errorOf(result: SlotResult): { readonly code: string; readonly message: string } | null {
  if ("error" in result) return result.error;
  return "summary" in result ? result.summary.error : null;
}

/** How many there are of each state, the best first; states without any are left out. */
export function countStates(results: readonly SlotResult[]): readonly (readonly [SlotResult["state"], number])[] {
  const states = ["succeeded", "done", "rejected", "failed", "interrupted", "open"] as const;
  return states
    .map((state) => [state, results.filter((result) => result.state === state).length] as const)
    .filter(([, count]) => count > 0);
}
