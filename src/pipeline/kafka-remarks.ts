/** What a job promises that writes to Kafka, and what may surprise about it. Pure functions of the job. */
import type { Job, SinkOptions } from "../config/job.ts";
import type { Remark } from "./promise.ts";

/** What holds for every record. */
export function intoKafka(sink: SinkOptions): string {
  return isUntransacted(sink)
    ? "at least once: what was acknowledged and not noted before a crash is sent again"
    : "every source record takes effect once for readers with read_committed, also after kill -9 (position in the messages' transaction)";
}

/** What makes the promise smaller. */
export function byTransactions(sink: SinkOptions): Remark[] {
  if (!isUntransacted(sink)) return [];
  return [
    {
      edge: "transactional: false: positions are noted after the messages, and a crash between the two sends some again",
      change: "transactional: true",
    },
  ];
}

/** What other readers of the topic see. */
export function ofTransactions(sink: SinkOptions): Remark[] {
  if (sink.type !== "kafka" || isUntransacted(sink)) return [];
  return [
    {
      edge: "a reader with read_uncommitted sees messages of units that are taken back and sent again",
      change: "isolation.level=read_committed in every consumer of the topic",
    },
  ];
}

/** Rejects are in the topic before the position passes them; what was not committed by then is rejected once more. */
export function ofDeadLetters({ rejects }: Job): Remark[] {
  if (rejects?.type !== "kafka") return [];
  return [
    {
      edge: "after a crash a reject may be in its topic twice, with the same key (rejects.type: kafka)",
      change: "cleanup.policy=compact for the topic, or consumers that keep the newest message of a key",
    },
  ];
}

function isUntransacted(sink: SinkOptions): boolean {
  return sink.type === "kafka" && sink.transactional === false;
}
