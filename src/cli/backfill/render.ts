/** A backfill for people and for programs. */
import { formatCount, formatCounted } from "../../observability/figures.ts";
import { redact } from "../../core/redact.ts";
import { textTable } from "../text-table.ts";
import { countStates, errorOf, type SlotResult } from "./slot-result.ts";

/** So few that a slot is shown whole on a terminal of 80 columns. */
const HEADINGS = ["slot", "state", "read", "written", "rejected"];

const WORDS: Readonly<{ [S in SlotResult["state"]]: string }> = {
  succeeded: "succeeded",
  done: "done before",
  rejected: "rejected",
  failed: "failed",
  interrupted: "interrupted",
  open: "to be run",
};

/**
 * A line a slot, and how many there are of which.
 *
 * @param width columns of the terminal
 */
export function renderBackfill(results: readonly SlotResult[], width: number): string {
  const counts = countStates(results).map(([state, count]) => `${formatCount(count)} ${WORDS[state]}`);
  return `${textTable(HEADINGS, results.map(cellsOf), { width })}\n${formatCounted(results.length, "slot")}: ${counts.join(", ")}`;
}

function cellsOf(result: SlotResult): string[] {
  const summary = "summary" in result ? result.summary : null;
  const figures = summary === null ? ["", "", ""] : [summary.read, summary.written, summary.rejected].map(formatCount);
  const error = errorOf(result);
  return [result.slot, error === null ? WORDS[result.state] : `${WORDS[result.state]}: ${error.code}`, ...figures];
}

/** A slot as an object; `summary` is that of `run --json`. */
export function slotToJson(result: SlotResult): object {
  const error = errorOf(result);
  return {
    slot: result.slot,
    state: result.state,
    error: error === null ? null : { code: error.code, message: redact(error.message) },
    summary: "summary" in result ? result.summary : null,
  };
}
