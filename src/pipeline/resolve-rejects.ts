/** The place that a job names for its rejects is looked for. */
import { openRejectFile } from "../connectors/file/rejects.ts";
import type { Clock } from "../core/clock.ts";
import type { RejectStore } from "../core/ports/reject-store.ts";
import type { Plan } from "./describe.ts";

/** Opens the place for a run; null: the default place, SEMANTICS "Where positions and rejects live". */
export type OpenRejects = (run: string) => Promise<RejectStore | null>;

/** @throws MillraceError TABLE_UNKNOWN, SINK_REFUSED, SINK_UNAVAILABLE for a topic */
export async function resolveRejects({ job, rejects }: Plan, clock: Clock): Promise<OpenRejects> {
  if (rejects === null) return () => Promise.resolve(null);
  const { baseDir } = job;
  if (rejects.type === "file") return (run) => openRejectFile(rejects, { run, baseDir });
  if (rejects.type === "http") {
    const { findRejectEndpoint } = await import("../connectors/http/rejects.ts");
    return await findRejectEndpoint(rejects, { baseDir, clock });
  }
  const { findRejectTopic } = await import("../connectors/kafka/rejects.ts");
  const open = await findRejectTopic(rejects, { baseDir, clock, ofMessages: job.source.type === "kafka" });
  return () => Promise.resolve(open());
}
