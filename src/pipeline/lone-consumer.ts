/**
 * Whether a live job has room for one process only. A file sink remembers its parts, and a rejects file its end, once for
 * the whole scope: processes that each have some of the splits would take these from one another.
 */
import { isLive, type Job } from "../config/job.ts";

/** Of a connector of one's own nothing else is known. */
const ONCE_FOR_ALL_SPLITS: ReadonlySet<string> = new Set(["file", "module"]);

/** True where further processes of the job have to wait. */
export function consumesAlone({ source, sinks, rejects }: Pick<Job, "source" | "sinks" | "rejects">): boolean {
  const places = [...Object.values(sinks), ...(rejects === null ? [] : [rejects])];
  return isLive(source) && places.some(({ type }) => ONCE_FOR_ALL_SPLITS.has(type));
}
