/** The runs of a job whose positions may still be gone on with. */
import { MillraceError } from "../../core/errors.ts";
import { REPLAY_SCOPE } from "../../core/ports/reject-shelf.ts";
import type { RunRow, StateStore } from "../../core/ports/state-store.ts";
import { identityKeyOf, standsApart } from "../run-identity.ts";

/** Runs looked through; those of before are history. */
const MOST_RUNS = 1_000;

/** All runs of a job, newest first, replays of rejects left out: those have positions of their own kind. */
export async function runsOf(state: StateStore, job: string): Promise<readonly RunRow[]> {
  const rows = await state.listRuns({ job, limit: MOST_RUNS });
  return rows.filter(({ scope }) => !scope.startsWith(REPLAY_SCOPE));
}

/**
 * The run that the next start would go on with, or the one that is named; for an incremental job its last one, whatever
 * came of it.
 *
 * @throws MillraceError RUN_NOT_FOUND, USAGE when several could be meant
 */
export async function resumableRun(state: StateStore, job: string, named: string | null): Promise<RunRow> {
  const newest = new Map<string, RunRow>();
  for (const row of await runsOf(state, job)) {
    if (!standsApart(row) && !newest.has(identityKeyOf(row))) newest.set(identityKeyOf(row), row);
  }
  const open = [...newest.values()].filter((row) => row.scope === "" || row.state !== "succeeded");
  if (named !== null) return open.find(({ id }) => id === named) ?? refuseNamed(state, job, named);
  const [only, ...others] = open;
  if (only === undefined) {
    throw new MillraceError(
      "RUN_NOT_FOUND",
      `${job}: ${state.label} knows no run that the next one would go on with; a new run begins at the start anyway`,
    );
  }
  if (others.length === 0) return only;
  const list = open.map(({ id, slot, params }) => `  ${id}  ${slot ?? ""} ${params === "[]" ? "" : params}`.trimEnd());
  throw new MillraceError(
    "USAGE",
    `${job}: several runs are unfinished; name one with --run <id>:\n${list.join("\n")}`,
  );
}

async function refuseNamed(state: StateStore, job: string, id: string): Promise<never> {
  const row = await state.findRun(id);
  if (row?.job !== job) {
    throw new MillraceError("RUN_NOT_FOUND", `--run ${id}: job ${job} has no such run in ${state.label}`);
  }
  const why =
    row.state === "succeeded"
      ? "that run has succeeded; the next one begins at the start"
      : standsApart(row)
        ? "that run was one apart (--limit, or a replay of rejects)"
        : "a later run took its place";
  throw new MillraceError("RUN_NOT_FOUND", `--run ${id}: ${why}`);
}
