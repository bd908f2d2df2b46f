/**
 * Watches config files for changes.
 *
 * Events of the file system only say that it is worth a look; what counts is what a look finds: which files there are, and
 * their sizes and times. So it does not matter how a change comes about (in place, by a new file of the same name, by the
 * symbolic link that Kubernetes swaps under a ConfigMap), and where a file system tells nothing (networks, containers), looks at
 * fixed times find it as well. A change is told when two looks in a row find the same: a file that is being written is left
 * alone until then.
 */
import { type BigIntStats, type FSWatcher, globSync, statSync, watch } from "node:fs";
import path from "node:path";
import type { Clock } from "../core/clock.ts";

/** What is watched, and who is told. */
export interface ConfigWatchOptions {
  /** Files that were read; absolute. */
  readonly files: readonly string[];
  /** Globs whose files may become more or fewer. */
  readonly patterns: readonly string[];
  /** The folder that the globs start from; absolute. */
  readonly baseDir: string;
  readonly clock: Clock;
  /** Told that something is other than it was when watching began, or when it was last told. */
  readonly onChange: () => void;
}

/** Between two looks while something changes. */
const SETTLE_MS = 300;
/** Between two looks that nothing asked for. */
const POLL_MS = 5_000;

/**
 * Begins to watch; disposing the result ends it. It never throws: what cannot be watched or read is looked at again later.
 *
 * @example
 * using watching = watchConfig({ files, patterns: config.jobs, baseDir, clock: systemClock, onChange: () => void reload() });
 */
export function watchConfig(options: ConfigWatchOptions): Disposable {
  return new ConfigWatch(options);
}

class ConfigWatch implements Disposable {
  readonly #options: ConfigWatchOptions;
  readonly #watchers = new Map<string, FSWatcher>();
  #timer: Disposable | undefined;
  /** A look that settles is under way, so events have nothing to add. */
  #isSettling = false;
  #isDisposed = false;
  /** What the last look found. */
  #seen: string;
  /** What was found when it was last told. */
  #told: string;

  constructor(options: ConfigWatchOptions) {
    this.#options = options;
    this.#watchFolders();
    this.#seen = this.#told = picture(options);
    this.#lookIn(POLL_MS);
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#timer?.[Symbol.dispose]();
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #lookIn(delayMs: number): void {
    if (this.#isDisposed) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#options.clock.timer(delayMs, () => this.#look());
  }

  #look(): void {
    const found = picture(this.#options);
    this.#isSettling = found !== this.#seen;
    this.#seen = found;
    this.#lookIn(this.#isSettling ? SETTLE_MS : POLL_MS);
    if (this.#isSettling || found === this.#told) return;
    this.#told = found;
    this.#watchFolders();
    this.#options.onChange();
  }

  #lookSoon(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    this.#lookIn(SETTLE_MS);
  }

  /** Folders and not files: a watched file is lost when another one takes its name. */
  #watchFolders(): void {
    for (const folder of foldersOf(this.#options)) {
      if (this.#watchers.has(folder)) continue;
      try {
        const watcher = watch(folder, { persistent: false }, () => this.#lookSoon());
        watcher.on("error", () => this.#unwatch(folder));
        this.#watchers.set(folder, watcher);
      } catch {
        // It is not there, or the system has no more watches to give; looks at fixed times are left.
      }
    }
  }

  #unwatch(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }
}

/** The files and what tells one content of theirs from another, as text. */
function picture({ files, patterns, baseDir }: ConfigWatchOptions): string {
  const all = new Set([...files, ...patterns.flatMap((pattern) => matchesOf(pattern, baseDir))]);
  return [...all]
    .toSorted()
    .map((file) => `${file}\0${contentMark(file)}`)
    .join("\n");
}

function matchesOf(pattern: string, baseDir: string): readonly string[] {
  try {
    return globSync(pattern, { cwd: baseDir }).map((name) => path.resolve(baseDir, name));
  } catch {
    return [];
  }
}

/** Of the file behind symbolic links; a file that cannot be asked is like one that is not there. */
function contentMark(file: string): string {
  let stats: BigIntStats | undefined;
  try {
    stats = statSync(file, { bigint: true, throwIfNoEntry: false });
  } catch {
    return "";
  }
  return stats === undefined ? "" : `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
}

/** The folders of files and of globs; below a glob's first wild part, those in which it found something. */
function foldersOf({ files, patterns, baseDir }: ConfigWatchOptions): ReadonlySet<string> {
  const bases = patterns.map((pattern) => path.resolve(baseDir, plainPart(pattern)));
  const found = patterns.flatMap((pattern) => matchesOf(pattern, baseDir));
  return new Set([...bases, ...[...files, ...found].map((file) => path.dirname(file))]);
}

/**
 * The folders before the first part of a glob that is more than a name.
 *
 * @example
 * plainPart("jobs/*.yaml"); // "jobs"
 */
function plainPart(pattern: string): string {
  const parts = pattern.split("/");
  const wild = parts.findIndex((part) => /[*?[\]{}()!]/.test(part));
  const folders = parts.slice(0, wild === -1 ? -1 : wild);
  return folders.length === 1 && folders[0] === "" ? "/" : folders.join("/");
}
