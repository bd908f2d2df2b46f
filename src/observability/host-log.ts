/** Turns what a runtime tells beside its runs into log entries. */
import type { HostEvent } from "../core/ports/runtime-events.ts";
import type { SlotState } from "../core/ports/schedule-store.ts";
import type { LogEntry, LogLevel } from "./log-entry.ts";
import { redactFields } from "./redact-fields.ts";

type Body = Pick<LogEntry, "level" | "message" | "fields">;

/** A run's own lines tell how a slot ended; what no run tells is worth attention. */
const LEVEL_OF_SLOT = {
  due: "debug",
  started: "debug",
  succeeded: "debug",
  failed: "debug",
  cancelled: "info",
  skipped: "warn",
  missed: "warn",
} as const satisfies Record<SlotState, LogLevel>;

/** The line that an event is worth. */
export function hostEntry(event: HostEvent): LogEntry {
  const { level, message, fields } = bodyOf(event);
  const job = "job" in event ? event.job : null;
  const run = "run" in event ? event.run : null;
  return { level, at: event.at, job, run, message, fields: redactFields(fields) };
}

function bodyOf(event: HostEvent): Body {
  switch (event.kind) {
    case "slot": {
      const { state, slot, trigger, reason } = event;
      const fields = { slot, trigger, ...(reason === null ? {} : { reason }) };
      return { level: LEVEL_OF_SLOT[state], message: `slot ${state}`, fields };
    }
    case "job-paused":
      if (event.reason === null) return { level: "info", message: "job goes on", fields: {} };
      return { level: "warn", message: "job paused", fields: { reason: event.reason } };
    case "start-failed":
      return { level: "error", message: "run could not begin", fields: faultFields(event) };
    case "trouble":
      return { level: "warn", message: "trouble", fields: faultFields(event) };
    case "reloaded": {
      const { added, changed, removed } = event;
      return { level: "info", message: "jobs reloaded", fields: { added, changed, removed } };
    }
    case "reload-refused":
      return { level: "error", message: "reload refused, the old jobs stay", fields: { error: event.message } };
    case "alert": {
      const fields = { alert: event.alert, about: event.message };
      if (event.firing) return { level: "warn", message: "alert firing", fields };
      return { level: "info", message: "alert resolved", fields };
    }
    case "stopping":
      return { level: "info", message: "stopping", fields: { deadlineSeconds: event.deadlineMs / 1_000 } };
  }
}

function faultFields({ code, message, causes = [] }: HostEvent & { kind: "start-failed" | "trouble" }) {
  return { code, error: message, ...(causes.length === 0 ? {} : { causes }) };
}
