/** Rules between the keys of a webhook. */
import { exposed, listenPlace } from "../connectors/webhook/options.ts";
import { bytesOption } from "../core/option-shapes.ts";
import { isLoopback } from "../core/loopback.ts";
import { valueAt, type ValuePath } from "./place.ts";
import type { Finding } from "./problem.ts";

/** What the rules have against a webhook source; nothing where it is another one. */
export function webhookFindings(config: unknown): Finding[] {
  if (valueAt(config, ["source", "type"]) !== "webhook") return [];
  return [...exposedFindings(config), ...roomFindings(config)];
}

function exposedFindings(config: unknown): Finding[] {
  const listen = valueAt(config, ["source", "listen"]);
  if (typeof listen !== "string" || listen.includes("${") || valueAt(config, ["source", "auth"]) !== undefined)
    return [];
  if (isLoopback(listenPlace(listen).host)) return [];
  return [invalid(["source", "listen"], exposed(listen))];
}

/** Else the longest request would be told for ever to come again. */
function roomFindings(config: unknown): Finding[] {
  const room = bytesOption().safeParse(valueAt(config, ["source", "spool", "bytes"]));
  const longest = bytesOption().safeParse(valueAt(config, ["source", "maxBytes"]) ?? "1MiB");
  if (!room.success || !longest.success || longest.data <= room.data) return [];
  return [invalid(["source", "spool", "bytes"], "less than maxBytes: there would never be room for the longest body")];
}

function invalid(path: ValuePath, message: string): Finding {
  return { code: "CONFIG_INVALID", path, at: "value", message };
}
