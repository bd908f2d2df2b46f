/**
 * The end of a run into files, in steps that a crash may interrupt anywhere: what is going to be published is remembered
 * first, then files are moved, then it is remembered that they were. Each step can be taken again.
 */
import type { SinkMemory } from "../../core/ports/sink.ts";
import { Manifest } from "./manifest.ts";
import type { PartBook } from "./part-book.ts";
import { PartPublisher } from "./part-publisher.ts";
import type { PartRecord } from "./part-record.ts";
import type { FileTarget } from "./target.ts";

/** What {@link Publishing} needs. */
export interface PublishingOptions {
  readonly target: FileTarget;
  /** The path as the job spells it. */
  readonly path: string;
  readonly run: string;
  readonly book: PartBook;
  readonly memory: SinkMemory;
  /** Files of earlier runs stay, and a later run that takes the place of all takes that of these too. */
  readonly adds: boolean;
}

/** Gives the parts of a book their names. */
export class Publishing {
  readonly #options: PublishingOptions;
  readonly #publisher: PartPublisher;

  constructor(options: PublishingOptions) {
    this.#options = options;
    this.#publisher = new PartPublisher(options.target);
  }

  /**
   * Puts all parts in the place of the files of earlier runs.
   *
   * @param again an earlier process, or an earlier try, had begun to
   * @throws MillraceError FENCED; whatever the file system throws
   */
  async replace(again: boolean): Promise<void> {
    const { target, path, run, book, memory, adds } = this.#options;
    const names = book.records().map(({ number, partition }) => target.nameOf(number, partition));
    const manifest = new Manifest(memory.job, path);
    if (adds) await manifest.assertNoneBehind(run, names);
    await manifest.add(run, names);
    await this.#publisher.replace(book.records(), again);
    if (adds) return;
    const stale = await manifest.earlierThan(run, names);
    await this.#publisher.remove(stale);
    await manifest.drop(stale);
  }

  /** Adds the parts that are complete to whatever is there. @throws as {@link replace} */
  async add(): Promise<void> {
    const { book } = this.#options;
    const again = book.records("publishing");
    const complete = book.records("complete");
    await book.keepAs("publishing", complete);
    for (const part of again) await this.#addOne(part, true);
    for (const part of complete) await this.#addOne(part, false);
    await book.drop([...again, ...complete]);
  }

  /** Where another file has the name already, the part takes the next one that is free; which, is remembered before. */
  async #addOne(part: PartRecord, again: boolean): Promise<void> {
    const { target, book, adds, memory, path, run } = this.#options;
    let next = part;
    while (!(await this.#publisher.add(next, again))) {
      next = { ...next, number: Math.max(next.number + 1, await target.nextPart(next.partition)) };
      await book.keepAs("publishing", [next]);
    }
    if (adds) await new Manifest(memory.job, path).add(run, [target.nameOf(next.number, next.partition)]);
  }
}
