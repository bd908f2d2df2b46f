/** What a Postgres sink promises in each of its modes, and what may surprise there. Pure functions of the job. */
import type { Job, SinkOptions } from "../config/job.ts";
import type { Remark } from "./promise.ts";

type PostgresSink = Extract<SinkOptions, { readonly type: "postgres" }>;

const ONCE = "every source record takes effect once, also after kill -9 (position in the data's transaction)";

/** How a source's records take effect in a table. */
export function intoPostgres(sink: SinkOptions): string {
  switch (isPostgres(sink) ? sink.mode : "append") {
    case "upsert":
      return `${ONCE}; of several with one key the last one holds`;
    case "insertIgnore":
      return `${ONCE}, or none where a row with its key is there already`;
    case "replace":
      return `${ONCE}; readers see the rows from before the run until it succeeds, and then all of its own`;
    default:
      return ONCE;
  }
}

/** What may surprise about a mode. */
export function ofMode({ order, source }: Job, sink: SinkOptions): Remark[] {
  if (!isPostgres(sink) || sink.mode !== "upsert") return [];
  const { onlyNewer, deleteWhen } = sink;
  const isSideBySide = order === "none" || source.type === "kafka";
  return [
    ...(isSideBySide && onlyNewer === undefined
      ? [
          {
            edge: "splits are read side by side, so of records with one key in two of them any may come last (mode: upsert)",
            change: "onlyNewer, with a column that says which is newer",
          },
        ]
      : []),
    ...(onlyNewer !== undefined && deleteWhen !== undefined
      ? [
          {
            edge: "nothing is left of a deleted row, so an older record that comes later inserts it again (deleteWhen, onlyNewer)",
            change: "a column that marks rows as deleted, instead of deleteWhen",
          },
        ]
      : []),
  ];
}

function isPostgres(sink: SinkOptions): sink is PostgresSink {
  return sink.type === "postgres";
}
