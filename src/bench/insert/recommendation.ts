/** Which way a job should take, from what was measured. */
import type { PostgresSinkOptions } from "../../connectors/postgres/options.ts";
import { isLevel, type Measured } from "../statistics.ts";
import type { WayName } from "./ways.ts";

/** What is known of a way that was measured. */
export interface WayRate {
  readonly way: WayName;
  readonly rowsPerSecond: Measured;
}

/** The part of a sink's options that the ways belong to. */
export type WayOptions = Pick<PostgresSinkOptions, "mode" | "copy">;

/** A way, and what to set for it. */
export interface Recommendation {
  readonly way: WayName;
  /** Ways that a job can take as well, which are as fast as far as can be told. */
  readonly level: readonly WayName[];
  /** Keys of the sink to change; none where the job takes this way already. */
  readonly set: Readonly<Record<string, string>>;
  /** Whether the job takes it as it stands. */
  readonly isCurrent: boolean;
}

/**
 * The fastest way that a job can take; its own one where that is as fast. Null where none of those was measured.
 *
 * @param rates of the ways that were measured, the fastest first
 */
export function recommend(rates: readonly WayRate[], options: WayOptions): Recommendation | null {
  const possible = rates.filter(({ way }) => waysOf(options).includes(way));
  const [best, ...others] = possible;
  if (best === undefined) return null;
  const level = others.filter(({ rowsPerSecond }) => isLevel(best.rowsPerSecond, rowsPerSecond));
  const hasBinary = possible.some(({ way }) => way === "COPY binary");
  const current = currentWay(options, hasBinary);
  const chosen = [best, ...level].find(({ way }) => way === current) ?? best;
  const same = [best, ...level].filter((rate) => rate !== chosen).map(({ way }) => way);
  const isCurrent = chosen.way === current;
  return { way: chosen.way, level: same, set: isCurrent ? {} : settingOf(chosen.way, options, hasBinary), isCurrent };
}

/** `mode: insert` has the meaning of append alone. */
function waysOf({ mode }: WayOptions): readonly WayName[] {
  const isPlain = mode === "append" || mode === "insert";
  return isPlain ? ["COPY binary", "COPY text", "unnest"] : ["COPY binary", "COPY text"];
}

function currentWay({ mode, copy }: WayOptions, hasBinary: boolean): WayName {
  if (mode === "insert") return "unnest";
  return copy === "text" || !hasBinary ? "COPY text" : "COPY binary";
}

function settingOf(way: WayName, { mode, copy }: WayOptions, hasBinary: boolean): Readonly<Record<string, string>> {
  if (way === "unnest") return { mode: "insert" };
  const appending = mode === "insert" ? { mode: "append" } : {};
  if (way === "COPY binary") return { ...appending, ...(copy === "text" && { copy: "binary" }) };
  return { ...appending, ...(copy !== "text" && hasBinary && { copy: "text" }) };
}
