/** A topic of rejects that the job reads or writes as well. Pure: told from the job alone, before anything is opened. */
import type { Job, SinkOptions } from "../config/job.ts";
import { MillraceError } from "../core/errors.ts";

/** @throws MillraceError CONFIG_INVALID */
export function assertTopicsApart({ source, sinks, rejects }: Job): void {
  if (rejects?.type !== "kafka") return;
  const isHere = ({ brokers }: Pick<typeof rejects, "brokers">): boolean =>
    rejects.brokers.some((address) => brokers.includes(address));
  const isSame = (sink: SinkOptions): boolean => sink.type === "kafka" && isHere(sink) && sink.topic === rejects.topic;
  if (Object.values(sinks).some(isSame)) throw conflict(`a sink writes to ${rejects.topic} too; name another topic`);
  // What is rejected once more goes to the topic once more: without an end that is for ever.
  if (source.type !== "kafka" || source.until === "end" || !isHere(source)) return;
  const read = source.topics.find((wish) => isMeant(wish, rejects.topic));
  if (read === undefined) return;
  throw conflict(
    `source.topics (${read}) reads ${rejects.topic} too, so that what is rejected comes back for ever; name another ` +
      "topic, or set until: end in the source",
  );
}

function conflict(message: string): MillraceError {
  return new MillraceError("CONFIG_INVALID", `rejects.topic: ${message}`);
}

function isMeant(wish: string, topic: string): boolean {
  if (!wish.startsWith("/") || !wish.endsWith("/") || wish.length < 3) return wish === topic;
  try {
    return new RegExp(wish.slice(1, -1)).test(topic);
  } catch {
    // No pattern: the source says so.
    return false;
  }
}
