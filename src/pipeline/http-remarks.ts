/** What may surprise about a job that reads from an HTTP server. A pure function of the job. */
import type { Job } from "../config/job.ts";
import { isStreamed } from "../connectors/http/source-options.ts";
import type { Remark } from "./promise.ts";

/** Of pages that are not what they were because records came or went before them. */
export function byShiftingPages({ source }: Job): Remark[] {
  if (source.type !== "http") return [];
  const { type } = source.pagination;
  if (type === "page" || type === "offset") {
    return [
      {
        edge: `a record that comes or goes while pages are read by number moves others over their borders: these are read twice or missed (pagination.type: ${type})`,
        change: "an order in which new records come last, or a cursor or links if the server has them",
      },
    ];
  }
  if (isStreamed(source)) return [];
  return [
    {
      edge: "a page in which records came or went before the place at which a run goes on is read again from its start, so that none is missed",
      change: "mode: upsert in a Postgres sink, if the server's pages do change",
    },
  ];
}
