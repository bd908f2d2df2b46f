/**
 * Finds in a folder what earlier runs have not read: new files, and what was appended to those they knew.
 *
 * A file is known by its inode and its beginning, whatever its name is now, so that a log which was renamed by a rotation
 * is read to its end. Its split keeps the name under which it was first seen; what comes later under the same name is
 * `name#2`, `name#3`, ...:
 *
 * - the same inode, the same beginning, no shorter: it goes on where it was left, renamed or not;
 * - the same inode and name, shorter, another beginning: it was emptied and begun anew (copytruncate);
 * - the same name, another inode or another birth, another beginning: another file took the place (rotation);
 * - anything else under a known name was shortened, rewritten or replaced, and is refused: to read it would double records
 *   or lose some.
 */
import { MillraceError } from "../../core/errors.ts";
import type { KnownSplit } from "../../core/ports/source.ts";
import { isDirect } from "./content.ts";
import { type Fingerprint, leastSize, parseFingerprint, sameBytes, shortened } from "./fingerprint.ts";
import { type PlannedFile, readHead } from "./head.ts";

/** A split of earlier runs, read back. */
interface Known {
  readonly id: string;
  /** The name under which its file was first seen, and how many splits have had that name. */
  readonly name: string;
  readonly generation: number;
  readonly fingerprint: Fingerprint;
  /** Resume word; null when a sink has not begun it. */
  readonly token: string | null;
}

/**
 * The files that have something new, those that are continued before those that are new.
 *
 * @throws MillraceError SOURCE_CHANGED when a file is not what it was and may not be read either way
 */
export function filesWithNews(files: readonly PlannedFile[], stored: readonly KnownSplit[]): readonly PlannedFile[] {
  const known = new KnownFiles(stored, files);
  const continued: PlannedFile[] = [];
  const begun: PlannedFile[] = [];
  const inodes = new Set<string>();
  for (const file of files) {
    // Another name of a file that is read already.
    if (inodes.has(file.inode)) continue;
    inodes.add(file.inode);
    const former = known.find(file);
    if (former === undefined) begun.push(named(file, known.nameFor(file)));
    else if (hasNews(file, former)) continued.push(named(file, former.id));
  }
  return [...continued, ...begun];
}

function named(file: PlannedFile, id: string): PlannedFile {
  return { ...file, split: { ...file.split, id } };
}

/** Of compressed data only inflating it tells. */
function hasNews({ layers, size }: PlannedFile, { token }: Known): boolean {
  return token === null || !isDirect(layers) || size > Number(token);
}

class KnownFiles {
  readonly #byInode: ReadonlyMap<string, readonly Known[]>;
  /** The latest of each name. */
  readonly #byName: ReadonlyMap<string, Known>;
  /** Inodes of the files that are there. */
  readonly #there: ReadonlySet<string>;

  constructor(stored: readonly KnownSplit[], files: readonly PlannedFile[]) {
    const known = stored.flatMap((split) => knownOf(split)).toSorted((a, b) => b.generation - a.generation);
    this.#byInode = Map.groupBy(known, ({ fingerprint }) => fingerprint.inode);
    this.#byName = new Map(known.toReversed().map((one) => [one.name, one]));
    this.#there = new Set(files.map(({ inode }) => inode));
  }

  /** The split that a file goes on with; undefined for one that begins. @throws MillraceError SOURCE_CHANGED */
  find(file: PlannedFile): Known | undefined {
    const namesake = this.#byName.get(file.file.name);
    if (namesake?.fingerprint.inode === file.inode) return this.#compareSame(file, namesake);
    const renamed = this.#byInode.get(file.inode)?.find((candidate) => isRenamed(file, candidate));
    if (renamed === undefined && namesake !== undefined) this.#assertReplaced(file, namesake);
    return renamed;
  }

  /** The first name that no split has had. */
  nameFor({ file }: PlannedFile): string {
    const namesake = this.#byName.get(file.name);
    return namesake === undefined ? file.name : `${file.name}#${namesake.generation + 1}`;
  }

  #compareSame(file: PlannedFile, known: Known): Known | undefined {
    const least = leastSizeOf(file, known);
    const same = sameHead(file, known);
    if (file.size >= least && same >= 0) return known;
    if (file.size >= least && isBornAgain(file, known)) return undefined;
    if (file.size >= least) throw refused(file, known, "its beginning was rewritten");
    if (saysSomething(file, same)) throw refused(file, known, shortened(least, file.size));
    return undefined;
  }

  #assertReplaced(file: PlannedFile, known: Known): void {
    if (this.#there.has(known.fingerprint.inode) || !saysSomething(file, sameHead(file, known))) return;
    throw refused(file, known, "it is another file with the same beginning");
  }
}

function knownOf({ id, fingerprint, token }: KnownSplit): Known[] {
  if (fingerprint === undefined) return [];
  const { name = id, generation = "1" } = /^(?<name>.*)#(?<generation>\d+)$/s.exec(id)?.groups ?? {};
  return [{ id, name, generation: Number(generation), fingerprint: parseFingerprint(fingerprint), token }];
}

/** File systems give the inode of a file that is gone to the next one at once. */
function isBornAgain({ born }: PlannedFile, { fingerprint }: Known): boolean {
  return born !== undefined && fingerprint.born !== undefined && born !== fingerprint.born;
}

function isRenamed(file: PlannedFile, known: Known): boolean {
  return file.size >= leastSizeOf(file, known) && saysSomething(file, sameHead(file, known));
}

/** Positions in compressed data say nothing about the bytes on disk. */
function leastSizeOf({ layers }: PlannedFile, { fingerprint, token }: Known): number {
  return leastSize(fingerprint, isDirect(layers) ? Number(token ?? 0) : 0);
}

function sameHead({ file }: PlannedFile, { fingerprint }: Known): number {
  return sameBytes(fingerprint, readHead(file, fingerprint.bytes));
}

/** Files of one kind all begin with the same header: only what is equal behind it tells that they are one. */
function saysSomething({ layers, split }: PlannedFile, same: number): boolean {
  return same > (isDirect(layers) ? Number(split.origin) : 0);
}

function refused({ file, split }: PlannedFile, { id }: Known, what: string): MillraceError {
  const known = id === split.id ? "" : ` (known as ${id})`;
  return new MillraceError(
    "SOURCE_CHANGED",
    `${file.name}${known} has changed since it was first read: ${what}. To read it from its start give it another name; ` +
      "to leave it out take it away",
  );
}
