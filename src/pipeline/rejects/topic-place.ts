/** The topic that a job names for its rejects, as somebody sees it who looks. */
import type { Plan } from "../describe.ts";
import type { RejectPlace } from "./reject-places.ts";

/**
 * Opens the topic; null where a job names none.
 *
 * @param opened lets it go
 * @throws MillraceError CONFIG_UNREADABLE for a certificate
 */
export async function openTopicPlace(
  { job, rejects }: Plan,
  opened: AsyncDisposableStack,
): Promise<RejectPlace | null> {
  if (rejects?.type !== "kafka") return null;
  const { RejectTopicShelf } = await import("../../connectors/kafka/reject-shelf.ts");
  const reader = opened.use(await RejectTopicShelf.open(rejects, job.baseDir));
  return { name: "", label: reader.label, reader, own: {} };
}
