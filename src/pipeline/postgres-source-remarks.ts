/** What may surprise about a job that reads from Postgres. A pure function of the job; what the table is, `check --connect` tells. */
import type { Job } from "../config/job.ts";
import type { Remark } from "./promise.ts";

/** Of rows that nothing tells apart. */
export function byKey({ source }: Job): Remark[] {
  if (source.type !== "postgres" || source.key !== undefined) return [];
  if (source.query !== undefined) {
    return [
      {
        edge: "nothing tells the rows of source.query apart: a run that is broken off cannot go on in the middle and begins anew",
        change: "key: [columns that are unique together and never null]",
      },
    ];
  }
  return [];
}

/** Of a table that is written to meanwhile. */
export function ofMovingRows({ source, order }: Job): Remark[] {
  if (source.type !== "postgres") return [];
  const missed: Remark = {
    edge: "rows that were deleted are not told of, and of a row that changed twice between two runs the last state is read (incremental: true)",
    change: null,
  };
  const moment: Remark = {
    edge: "a run that goes on after a crash, or over a lost session, reads the rows behind its place as they are by then; each key is read once",
    change: null,
  };
  const inTurn: Remark = {
    edge: `the ${source.splits} key ranges are read one after another (order: source)`,
    change: "order: none",
  };
  return [source.incremental ? missed : moment, ...(source.splits > 1 && order === "source" ? [inTurn] : [])];
}
