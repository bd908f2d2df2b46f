/**
 * The slots of a job that runs when files arrive or change.
 *
 * The cursor holds a mark of every file whose content was announced; a settled file without its mark there makes a slot,
 * after which all files that are there have theirs. What a process knows beside the cursor is only since when each file
 * has been left alone, which the next process finds out again. Files that vanish make no slot.
 *
 * Where several processes watch the same files, one of them may see a file as it was some time ago (network file systems
 * keep what they know for seconds), so that the cursor also has the marks that were replaced last.
 *
 * A look is a listing and one question a file, asked beside the calling thread: 20 us of CPU a file, half of them in the
 * system. Looks take a tenth of the time at most, so that 100,000 files are looked at two or three times a minute and a
 * thousand every second. Where nothing has happened for minutes looks become as rare as every ten seconds. Events of the
 * file system bring a look forward; where there are none, or not all, nothing but time is lost.
 *
 * On a network file system `settle` should be longer than its clients hold attributes back (NFS: `actimeo`).
 */
import path from "node:path";
import type { Clock } from "../../core/clock.ts";
import { MillraceError } from "../../core/errors.ts";
import { eventSlot } from "../event-slot.ts";
import type { DueSlots, SlotSource } from "../slot-source.ts";
import { type FileState, isMarks, readMarks, writeMarks } from "./file-mark.ts";
import { FolderBell } from "./folder-bell.ts";
import { type ListFiles, lookAt } from "./look.ts";
import { type LookTime, type WatchedFile, type WatchedFiles, watchFile } from "./settling.ts";

/** Time between two looks, milliseconds; between these by the time to settle and by how long nothing has happened. */
const SHORTEST_POLL_MS = 1_000;
const LONGEST_POLL_MS = 10_000;
/** Who looks at the time once a second comes a little early now and then, and would come a second too late. */
const EARLY_MS = 100;
/** The share of the time without any change that passes between two looks. */
const IDLE_SHARE = 1 / 30;
/** Times the duration of a look that passes before the next one. */
const REST = 10;

/** Which files are watched, and how. */
export interface WatchOptions {
  /** Paths, globs and folders as the source spells them. */
  readonly patterns: readonly string[];
  /** The folder that they start from; absolute. */
  readonly baseDir: string;
  /** How long a file must have been left alone, milliseconds. */
  readonly settleMs: number;
  readonly list: ListFiles;
  readonly clock: Clock;
}

/** In a cursor: there was no slot yet. */
const NONE = "-";

/** What a cursor says. */
interface Announced {
  /** The instant of the last slot, milliseconds since 1970; null: there was none. */
  readonly last: number | null;
  readonly marks: ReadonlySet<number>;
  /** Marks of the slot before that are no longer among them. */
  readonly replaced: ReadonlySet<number>;
}

/** `trigger: {type: watch}`: a slot whenever settled files have arrived or changed. What lies there at first has arrived. */
export class WatchSlots implements SlotSource {
  readonly trigger: string;
  /** Other paths make the files new that they name, and no others. */
  readonly fingerprint = "watch";
  readonly #options: WatchOptions;
  #files: WatchedFiles = new Map();
  /** The end of the last look, and how long it took; monotonic. */
  #looked: { readonly at: number; readonly tookMs: number } | undefined;
  /** The same on the wall clock. */
  #lookedAt: number | undefined;
  /** Monotonic. */
  #changedAt = 0;
  /** The cursor read or written last: that of many files is long. */
  #read: { readonly cursor: string; readonly announced: Announced } | undefined;
  #bell: FolderBell | undefined;

  /** @param trigger what the runs show as their trigger */
  constructor(options: WatchOptions, trigger: "watch" | "continuous" = "watch") {
    this.#options = options;
    this.trigger = trigger;
  }

  start(): string {
    return written({ last: null, marks: new Set(), replaced: new Set() });
  }

  /** @throws MillraceError SOURCE_FAILED for what may not be read */
  async due(cursor: string, now: number): Promise<DueSlots> {
    const isForeign = this.#read !== undefined && this.#read.cursor !== cursor;
    const announced = this.#announced(cursor);
    // What another process has announced since is not to be compared with what was there before.
    if (isForeign || this.#restMs() === 0) await this.#look(now);
    const isKnown = (mark: number): boolean => announced.marks.has(mark) || announced.replaced.has(mark);
    const files = [...this.#files.values()];
    if (!files.some(({ settled, mark }) => settled && !isKnown(mark))) return { slots: [], cursor };
    const slot = eventSlot(now, announced.last);
    const kept = files.filter(({ settled, mark }) => settled || isKnown(mark));
    const marks = new Set(kept.map(({ mark }) => mark));
    const next = { last: slot.at, marks, replaced: announced.marks.difference(marks) };
    this.#read = { cursor: written(next), announced: next };
    return { slots: [slot], cursor: this.#read.cursor };
  }

  next(_cursor: string, now: number): number {
    const idleMs = this.#options.clock.monotonic() - this.#changedAt;
    const pollMs = Math.min(LONGEST_POLL_MS, Math.max(this.#pollMs, idleMs * IDLE_SHARE));
    const pauseMs = Math.max(pollMs, REST * (this.#looked?.tookMs ?? 0));
    return Math.min(this.#lookedAt ?? now, now) + pauseMs - EARLY_MS;
  }

  wake(listener: () => void): Disposable {
    let timer: Disposable | undefined;
    const ring = (): void => {
      timer ??= this.#options.clock.timer(this.#restMs(), () => {
        timer = undefined;
        listener();
      });
    };
    const bell = new FolderBell(ring);
    this.#bell = bell;
    return {
      [Symbol.dispose]: () => {
        if (this.#bell === bell) this.#bell = undefined;
        bell[Symbol.dispose]();
        timer?.[Symbol.dispose]();
      },
    };
  }

  /** Half of the time to settle. */
  get #pollMs(): number {
    return Math.min(LONGEST_POLL_MS, Math.max(SHORTEST_POLL_MS, this.#options.settleMs / 2));
  }

  /** How long there is no other look, however often one is asked for: files that change all the time would be all that is done. */
  #restMs(): number {
    if (this.#looked === undefined) return 0;
    const pauseMs = Math.max(this.#pollMs / 2, REST * this.#looked.tookMs);
    return Math.max(0, this.#looked.at + pauseMs - this.#options.clock.monotonic());
  }

  async #look(now: number): Promise<void> {
    const { patterns, list, clock } = this.#options;
    const begun = clock.monotonic();
    this.#take(await lookAt(patterns, list), { now, monotonic: begun });
    await this.#bell?.follow(this.#folders());
    const at = clock.monotonic();
    this.#looked = { at, tookMs: at - begun };
    this.#lookedAt = now;
  }

  #take(states: ReadonlyMap<string, FileState>, time: LookTime): void {
    const files = new Map<string, WatchedFile>();
    let changed = states.size !== this.#files.size;
    for (const [name, state] of states) {
      const file = watchFile(name, state, this.#files.get(name), time, this.#options.settleMs);
      files.set(name, file);
      changed ||= file.since === time.monotonic;
    }
    this.#files = files;
    if (changed) this.#changedAt = time.monotonic;
  }

  /** Where something may happen, as far as it is known. */
  #folders(): ReadonlySet<string> {
    const { patterns, baseDir } = this.#options;
    const named = patterns.flatMap((pattern) => {
      const fixed = path.resolve(baseDir, fixedPart(pattern));
      return fixed === path.resolve(baseDir, pattern) ? [fixed, path.dirname(fixed)] : [fixed];
    });
    const folders = new Set(named);
    for (const file of this.#files.keys()) folders.add(path.dirname(file));
    return folders;
  }

  #announced(cursor: string): Announced {
    if (this.#read?.cursor !== cursor) this.#read = { cursor, announced: read(cursor) };
    return this.#read.announced;
  }
}

/**
 * `trigger: {type: continuous}` of files: a slot within a second whenever something has changed, also what is still being
 * written. For a source that reads appended bytes alone.
 */
export function tailSlots(options: Omit<WatchOptions, "settleMs">): WatchSlots {
  return new WatchSlots({ ...options, settleMs: 0 }, "continuous");
}

/** The folders of a pattern before its first wildcard. */
function fixedPart(pattern: string): string {
  const parts = pattern.split("/");
  const wild = parts.findIndex((part) => /[*?[{]|[!+@]\(/.test(part));
  if (wild === -1) return pattern;
  return parts.slice(0, wild).join("/") || (pattern.startsWith("/") ? "/" : ".");
}

function written({ last, marks, replaced }: Announced): string {
  return [last ?? NONE, writeMarks(marks), writeMarks(replaced)].join(" ");
}

/** @throws MillraceError STATE_CORRUPT */
function read(cursor: string): Announced {
  const [last = "", marks = "", replaced = "?"] = cursor.split(" ");
  if ((last === NONE || /^\d+$/.test(last)) && isMarks(marks) && isMarks(replaced))
    return { last: last === NONE ? null : Number(last), marks: readMarks(marks), replaced: readMarks(replaced) };
  throw new MillraceError(
    "STATE_CORRUPT",
    "the state of a `watch` schedule is not readable; forget the schedule to begin anew",
  );
}
