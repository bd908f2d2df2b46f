/** Takes secrets out of all texts of a log line. */
import type { LogEntry } from "./log-entry.ts";
import { redact } from "../core/redact.ts";

/** The fields with every text in them redacted, however deep. */
export function redactFields(fields: LogEntry["fields"]): LogEntry["fields"] {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, redactValue(value)]));
}

function redactValue(value: unknown): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(redactValue);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, redactValue(inner)]));
}
