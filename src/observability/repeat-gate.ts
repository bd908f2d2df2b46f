/** Keeps one fault that happens again and again from flooding a log. */
import type { LogEntry } from "./log-entry.ts";

/** So many lines of a kind are written in a window, then they are counted. */
const LINES = 5;
const WINDOW_MS = 60_000;

/** What makes two lines of one message two kinds. */
const KIND_FIELDS = ["stage", "sink", "actor", "code", "reason", "fault", "alert"] as const;

interface Kind {
  readonly since: number;
  written: number;
  /** The newest line that was held back; it stands for the others. */
  held: LogEntry | null;
  count: number;
}

/**
 * Passes the first lines of a kind in each minute; of the others the newest is written when the minute is over, with
 * `repeated`: how many it stands for. A kind is a job's message with its stage, sink, code and the like.
 *
 * It has no timer: what was held back comes with the next look or the next line.
 */
export class RepeatGate {
  readonly #kinds = new Map<string, Kind>();

  /** What is to be written when `entry` comes. */
  pass(entry: LogEntry): LogEntry[] {
    if (entry.unlimited === true) return [entry];
    const told = this.due(entry.at);
    const key = kindOf(entry);
    const kind = this.#kinds.get(key) ?? { since: entry.at, written: 0, held: null, count: 0 };
    this.#kinds.set(key, kind);
    if (kind.written < LINES) {
      kind.written++;
      return [...told, entry];
    }
    kind.held = entry;
    kind.count++;
    return told;
  }

  /** What is to be written of kinds whose minute is over. */
  due(at: number): LogEntry[] {
    return this.#take((kind) => at - kind.since >= WINDOW_MS);
  }

  /** What is to be written of a run that is over. */
  ended(job: string, run: string): LogEntry[] {
    return this.#take(({ held }) => held?.job === job && held.run === run);
  }

  #take(wanted: (kind: Kind) => boolean): LogEntry[] {
    const taken: LogEntry[] = [];
    for (const [key, kind] of this.#kinds) {
      if (!wanted(kind)) continue;
      this.#kinds.delete(key);
      const { held, count } = kind;
      if (held !== null) taken.push({ ...held, fields: { ...held.fields, repeated: count } });
    }
    return taken;
  }
}

function kindOf({ level, job, message, fields }: LogEntry): string {
  return JSON.stringify([level, job, message, ...KIND_FIELDS.map((name) => fields[name] ?? null)]);
}
