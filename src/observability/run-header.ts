/** The line above a run: what flows where, or from where it goes on. */
import type { RunEvent } from "../core/ports/observer.ts";
import { formatCount } from "./figures.ts";
import type { Paint } from "./palette.ts";
import { redact } from "../core/redact.ts";

/**
 * What a run is about, in one line, from its first event.
 *
 * @example
 * renderHeader(event, painter(false)); // "orders  data/orders.csv -> orders.ts -> postgres orders"
 */
export function renderHeader(event: RunEvent & { kind: "run-started" }, paint: Paint): string {
  const { job, run, source, transform, sinks, resumed } = event;
  const name = paint("strong", job);
  if (resumed === null) {
    const steps = [source, ...(transform === null ? [] : [transform]), Object.values(sinks).join(" + ")];
    return `${name}  ${steps.map(redact).join(" -> ")}`;
  }
  const record = `record ${formatCount(resumed.read + 1)}`;
  return `${name}  resuming run ${run}: ${resumed.split} from ${placeOf(resumed.token)} (${record}); ${formatCount(resumed.read)} already done`;
}

/** A file's token is a byte offset; other sources have words of their own. */
function placeOf(token: string): string {
  return /^\d+$/.test(token) ? `byte ${formatCount(Number(token))}` : token;
}
