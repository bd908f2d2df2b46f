/** A run as the databases keep it: both have the same columns, all of them text or null to whoever reads them. */
import type { RunRow, RunState } from "../core/ports/state-store.ts";

/** The columns in the order of {@link runValues}. */
export const RUN_COLUMNS =
  "id, job, scope, slot, params, trigger, state, started_at, ended_at, columns, fingerprint, summary";

/** What goes into the columns. */
export function runValues(run: RunRow): (string | null)[] {
  const { id, job, scope, slot, params, trigger, state, startedAt, endedAt, columns, fingerprint, summary } = run;
  return [
    ...[id, job, scope, slot, params, trigger, state, startedAt, endedAt],
    ...[columnsToText(columns), fingerprint, summary],
  ];
}

/** The output columns of a run's sinks as JSON. */
export function columnsToText(columns: RunRow["columns"]): string | null {
  return columns === null ? null : JSON.stringify(columns);
}

/** Reads a row back. */
export function toRun(row: Readonly<Record<string, unknown>>): RunRow {
  const columns = textOrNull(row["columns"]);
  return {
    id: String(row["id"]),
    job: String(row["job"]),
    scope: String(row["scope"]),
    slot: textOrNull(row["slot"]),
    params: String(row["params"]),
    trigger: String(row["trigger"]),
    state: String(row["state"]) as RunState,
    startedAt: String(row["started_at"]),
    endedAt: textOrNull(row["ended_at"]),
    columns: columns === null ? null : (JSON.parse(columns) as RunRow["columns"]),
    fingerprint: textOrNull(row["fingerprint"]),
    summary: textOrNull(row["summary"]),
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
