/**
 * The files that a sink of `mode: replace` has published, so that a later result removes those of an earlier one and
 * nothing that somebody else put there. Kept in the state store, not beside the data: readers list the folder.
 */
import { MillraceError } from "../../core/errors.ts";
import type { SinkWord, SinkWords } from "../../core/ports/sink.ts";

/** The files of one sink under one path, as the job spells it: a job that writes elsewhere leaves the old ones alone. */
export class Manifest {
  readonly #words: SinkWords;
  readonly #path: string;

  constructor(words: SinkWords, path: string) {
    this.#words = words;
    this.#path = path;
  }

  /** Notes files before they are published, by their names below the target's folder. */
  async add(run: string, names: readonly string[]): Promise<void> {
    await this.#words.keep(names.map((name) => this.#word(name, run)));
  }

  /**
   * The files that runs before this one have published or had begun to. Run ids rise, so a process that wakes up late
   * never takes a later run's files for stale.
   */
  async earlierThan(run: string, names: readonly string[]): Promise<readonly string[]> {
    const own = new Set(names);
    const words = await this.#words.all();
    return words.flatMap(({ name, word }) => {
      const [path, file] = JSON.parse(name) as [path: string, file: string];
      return path === this.#path && word !== null && word < run && !own.has(file) ? [file] : [];
    });
  }

  /**
   * Refuses to put what was made of an earlier result in the place of a later one.
   *
   * @throws MillraceError SINK_REFUSED
   */
  async assertNoneBehind(run: string, names: readonly string[]): Promise<void> {
    const own = new Map(names.map((name) => [this.#word(name, null).name, name]));
    const later = (await this.#words.all()).find(({ name, word }) => own.has(name) && word !== null && word > run);
    if (later === undefined) return;
    throw new MillraceError(
      "SINK_REFUSED",
      `${own.get(later.name)}: run ${later.word} has written it anew since replay ${run} began, so its rejects are of a ` +
        "result that is gone; those of the new one are listed by `millrace rejects list`",
    );
  }

  /** They are removed. */
  async drop(names: readonly string[]): Promise<void> {
    if (names.length > 0) await this.#words.keep(names.map((name) => this.#word(name, null)));
  }

  #word(name: string, word: string | null): SinkWord {
    return { name: JSON.stringify([this.#path, name]), word };
  }
}
