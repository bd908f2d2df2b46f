/** A folder of parts: files under hidden names, each its writer's, and those that all can see. */
import type { SinkWord } from "../../../src/core/ports/sink.ts";

/** A part as its word has it. */
export interface PartWord {
  readonly number: number;
  readonly file: string;
  /** Those that a commit knows. */
  readonly rows: number;
  /** Who may have the file open. */
  readonly by: string;
  readonly state: "open" | "complete" | "publishing";
}

/** A file without a name of its own. */
export interface HiddenFile {
  readonly run: string;
  readonly epoch: number;
  readonly rows: string[];
}

/** The folder; a writer whose file is removed goes on in what nobody sees. */
export class PartFolder {
  readonly hidden = new Map<string, HiddenFile>();
  readonly shown = new Map<string, readonly string[]>();
  #made = 0;

  /** All that can be seen. */
  get published(): readonly string[] {
    return [...this.shown.values()].flat();
  }

  create(run: string, epoch: number, rows: readonly string[]): string {
    const file = `${run}.${epoch}.${this.#made++}`;
    this.hidden.set(file, { run, epoch, rows: [...rows] });
    return file;
  }

  /** Numbers of a run's parts that can be seen. */
  numbersOf(run: string): readonly number[] {
    return [...this.shown.keys()]
      .filter((name) => name.startsWith(`${run} `))
      .map((name) => Number(name.split(" ")[1]));
  }

  /** Removes a run's files that are not known, save for those of whoever has taken over since. */
  removeUnknown(run: string, epoch: number, known: readonly string[]): void {
    for (const [file, hidden] of this.hidden) {
      if (hidden.run === run && !known.includes(file) && hidden.epoch <= epoch) this.hidden.delete(file);
    }
  }

  show(name: string, file: string, rows: readonly string[]): void {
    this.hidden.delete(file);
    this.shown.set(name, [...rows]);
  }

  /** What words say is there: what is shown, and what is not yet, up to where a commit knows it; null where a file lacks some. */
  rowsBy(run: string, words: readonly SinkWord[], isAnew: boolean): readonly string[] | null {
    const parts = readParts(words);
    // A result that is written anew holds what was there.
    const all: string[] = isAnew && parts.length > 0 ? [] : [...this.published];
    for (const { number, file, rows } of parts) {
      const hidden = this.hidden.get(file);
      if (hidden === undefined && this.shown.has(isAnew ? "result" : `${run} ${number}`)) {
        if (isAnew) all.push(...this.published);
        continue;
      }
      if (hidden === undefined || hidden.rows.length < rows) return null;
      all.push(...hidden.rows.slice(0, rows));
    }
    return all;
  }
}

/** The parts that words tell of, in their order. */
export function readParts(words: readonly SinkWord[]): readonly PartWord[] {
  const parts = words.filter(({ name }) => name.startsWith("part "));
  return parts.map(({ word }) => JSON.parse(word ?? "") as PartWord).toSorted((a, b) => a.number - b.number);
}
