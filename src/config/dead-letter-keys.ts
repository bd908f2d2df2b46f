/** Keys of a Kafka sink that mean nothing where the topic is one of rejects: what is sent there is the reject's own. */
import { valueAt } from "./place.ts";
import type { Finding } from "./problem.ts";

const WHY: { readonly [key: string]: string } = {
  key: "a reject's message has a key that tells it from all others",
  headers: "a reject's message has headers that say what is known of it",
  format: "a reject's message is the record as it came",
  columns: "a reject's message is the record as it came",
  csv: "a reject's message is the record as it came",
  batch: "rejects are sent together when their unit is committed",
  transactional: "rejects are acknowledged before the position passes them, outside of any transaction",
  stateTopic: "no positions are kept with rejects",
};

/** Those that stand in `rejects`. */
export function deadLetterFindings(config: unknown): Finding[] {
  if (valueAt(config, ["rejects", "type"]) !== "kafka") return [];
  return Object.entries(WHY).flatMap(([key, why]): Finding[] => {
    const path = ["rejects", key];
    if (valueAt(config, path) === undefined) return [];
    return [{ code: "CONFIG_INVALID", path, at: "key", message: `${why}; leave it out` }];
  });
}
