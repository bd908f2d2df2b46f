/** What may surprise about a backfill of a job. */
import type { Job, SinkOptions } from "../../config/job.ts";
import { isLive } from "../../config/job.ts";

/**
 * What somebody should know who runs a job for many slots, in sentences; a job that reads something else for each slot is
 * what a backfill is for.
 */
export function backfillRemarks({ source, sinks, definition }: Job): readonly string[] {
  if (asksForSlot(definition.config)) return [];
  if (isLive(source) || ("incremental" in source && source.incremental)) {
    return [
      "the first slot reads all that is new and leaves nothing to the others, since the source is read on from where it was",
    ];
  }
  const appending = Object.entries(sinks).filter(([, sink]) => appends(sink));
  if (appending.length === 0) return [];
  const names = appending.map(([name]) => name).join(", ");
  return [
    `every slot reads everything and appends it to ${names} once more, since the job asks for no slot; use \${slot.date} or ` +
      "${slot.time} to say what belongs to one",
  ];
}

function appends(sink: SinkOptions): boolean {
  return !("mode" in sink) || sink.mode === "append" || sink.mode === "insert";
}

/** Whether a value of the job depends on the slot. */
function asksForSlot(config: unknown): boolean {
  if (typeof config === "string") return config.includes("${slot.");
  return typeof config === "object" && config !== null && Object.values(config).some(asksForSlot);
}
