/**
 * A file sink at work for one run: units append to unfinished parts, commits make their lengths known beside the
 * positions, and complete parts get their names when the run has succeeded (`replace`) or as they are complete (`append`).
 *
 * What a commit remembers of a part (`PartRecord`) is all that counts after a crash: a part is cut back to the recorded
 * length, and files that no record knows are removed.
 */
import { MillraceError } from "../../core/errors.ts";
import type { SinkMemory, SinkSession, SinkUnit, SinkWord, SinkWriter, WriteOutcome } from "../../core/ports/sink.ts";
import type { SinkOutput } from "../../core/result.ts";
import { syncFolder } from "./durable-files.ts";
import { errnoOf, toSinkError } from "./errors.ts";
import type { PartBook } from "./part-book.ts";
import type { PartFiles, PartFilesOptions } from "./part-files.ts";
import type { PartSeries } from "./part-series.ts";
import { PartitionedRows } from "./partitioned-rows.ts";
import { Publishing } from "./publishing.ts";
import { SeriesByPartition } from "./series-by-partition.ts";
import { mapSideBySide } from "./side-by-side.ts";
import { takeUp, type TakenUp } from "./take-up.ts";
import { removeIfPresent } from "./target.ts";

/** What a writer is made of. */
export interface FileWriterOptions extends Pick<PartFilesOptions, "target" | "limits" | "codec" | "clock" | "adds"> {
  /** The path as the job spells it. */
  readonly path: string;
  readonly mode: "replace" | "append";
  /** What every part begins with, for the run's output columns. */
  readonly head: (columns: readonly string[] | null) => Uint8Array;
}

/** What the two kinds of unit do each in their own way. */
interface UnitSteps {
  readonly take: (output: SinkOutput) => Promise<void>;
  /** Gives what is to be remembered of the parts. */
  readonly commit: () => Promise<readonly SinkWord[]>;
}

const NO_REJECTS: WriteOutcome = { rejects: [] };

/** One run's parts. */
export class FileWriter implements SinkWriter {
  /** Units of partitions only gather rows until they commit, so the next can do so meanwhile. */
  readonly lanes: 1 | 2;
  readonly #options: FileWriterOptions;
  readonly #session: SinkSession;
  readonly #memory: SinkMemory;
  readonly #files: PartFiles;
  readonly #book: PartBook;
  readonly #publishing: Publishing;
  readonly #series: SeriesByPartition;
  /** The columns that the head of a part was made for; undefined: for none yet. */
  #headOf: readonly string[] | null | undefined;
  /** All is published, or was begun to be: nothing can be added to the result. */
  #published: boolean;
  /** A rollback that failed: what the parts hold is not known any more. */
  #broken: MillraceError | undefined;

  private constructor(options: FileWriterOptions, session: SinkSession, memory: SinkMemory, found: TakenUp) {
    const { target, path, mode, adds } = options;
    const { book, files, published } = found;
    this.lanes = target.partitioned ? 2 : 1;
    this.#options = options;
    this.#session = session;
    this.#memory = memory;
    this.#files = files;
    this.#book = book;
    this.#publishing = new Publishing({ target, path, run: session.run, book, memory, adds });
    this.#series = new SeriesByPartition({ maker: files, target, mode, begun: book.records() });
    this.#published = published;
  }

  /**
   * Takes up what the last commit left, and removes what no commit knows.
   *
   * @throws MillraceError SINK_REFUSED when a part is missing, FENCED
   */
  static async create(options: FileWriterOptions, session: SinkSession): Promise<FileWriter> {
    const memory = session.memory ?? forgetful();
    try {
      const found = await takeUp({ ...options, run: session.run }, memory);
      const writer = new FileWriter(options, session, memory, found);
      if (options.mode === "append") await writer.#publishing.add();
      for (const open of found.book.records("open")) await writer.#series.of(open.partition, open);
      return writer;
    } catch (thrown) {
      if (isMissing(thrown) || isRefused(thrown)) await memory.scope.keep([]);
      throw toSinkError(thrown, `preparing ${options.target.folder}`);
    }
  }

  async begin(_mode: "fast" | "careful", columns: readonly string[] | null): Promise<SinkUnit> {
    if (this.#broken !== undefined) throw this.#broken;
    this.#setHead(columns);
    return this.#options.target.partitioned ? this.#partitionedUnit() : this.#plainUnit(await this.#series.of(""));
  }

  async settle(): Promise<void> {
    await this.#publish(async () => {
      await this.#files.removeReplaced();
      if (this.#options.mode === "append") await this.#publishing.add();
    });
  }

  async finish(): Promise<void> {
    const { target } = this.#options;
    await this.#publish(async () => {
      if (!this.#published || !this.#book.isEmpty) await this.#publishAll();
      for (const { file, run } of await target.partials()) if (run === this.#session.run) await removeIfPresent(file);
    });
  }

  /** Keeps what a commit knows: the run may go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const series of this.#series.all) await series.close(true).catch(() => {});
  }

  #publish(work: () => Promise<void>): Promise<void> {
    return this.#owning(() =>
      work().catch((thrown: unknown) => {
        throw toSinkError(thrown, `publishing ${this.#options.target.fileOf()}`);
      }),
    );
  }

  /** The columns of a run are found once. */
  #setHead(columns: readonly string[] | null): void {
    if (this.#headOf === columns) return;
    this.#files.head = this.#options.head(columns);
    this.#headOf = columns;
  }

  /** Rows go to the file as they come. */
  #plainUnit(series: PartSeries): SinkUnit {
    const touched = [series];
    return this.#unit(touched, {
      take: (output) => this.#owning(() => series.append(output)),
      commit: () => this.#commit(touched),
    });
  }

  /** Rows wait, where they are anyway, until the unit commits; then each partition's file is opened once. */
  #partitionedUnit(): SinkUnit {
    const rows = new PartitionedRows();
    const touched: PartSeries[] = [];
    return this.#unit(touched, {
      take: async (output) => rows.add(output),
      commit: () => this.#commitRows(rows, touched),
    });
  }

  /** @param touched the series to take back; the unit may add to them */
  #unit(touched: readonly PartSeries[], { take, commit }: UnitSteps): SinkUnit {
    let words: readonly SinkWord[] = [];
    return {
      get words() {
        return words;
      },
      write: async (output) => {
        await this.#assertUnpublished(output);
        await take(output);
        return NO_REJECTS;
      },
      commit: async () => {
        words = await this.#owning(commit);
      },
      rollback: () => this.#rollback(touched),
    };
  }

  async #commit(touched: readonly PartSeries[]): Promise<readonly SinkWord[]> {
    const now = this.#options.clock.now();
    for (const series of touched) await series.flush(now);
    return this.#remembered(touched);
  }

  async #commitRows(rows: PartitionedRows, touched: PartSeries[]): Promise<readonly SinkWord[]> {
    const now = this.#options.clock.now();
    await mapSideBySide(rows.partitions, async (partition) => {
      const series = await this.#series.of(partition);
      touched.push(series);
      await series.append(rows.gather(partition));
      await series.flush(now);
    });
    return this.#remembered(touched);
  }

  /** Whose files vanish under its hands may have been taken over: then that is what is to be told. */
  async #owning<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      if (isMissing(thrown)) await this.#memory.scope.keep([]);
      throw thrown;
    }
  }

  /** What a commit of these series, which are flushed, is to remember. */
  async #remembered(touched: readonly PartSeries[]): Promise<readonly SinkWord[]> {
    const { folder } = this.#options.target;
    if (this.#files.takeEntriesChanged()) {
      await syncFolder(folder).catch((thrown: unknown) => {
        throw toSinkError(thrown, `writing in ${folder}`);
      });
    }
    const records = touched.flatMap((series) => series.flushed);
    for (const series of touched) series.committed();
    return this.#book.take(records);
  }

  async #rollback(touched: readonly PartSeries[]): Promise<void> {
    try {
      for (const series of touched) await series.rollback();
    } catch (thrown) {
      this.#broken = toSinkError(thrown, `taking an unfinished unit back from ${this.#options.path}`);
    }
  }

  async #assertUnpublished({ rows }: SinkOutput): Promise<void> {
    if (rows === 0 || !this.#published || this.#options.mode === "append") return;
    // Who was taken over before it looked has older positions than what it found.
    await this.#memory.scope.keep([]);
    throw new MillraceError(
      "SINK_REFUSED",
      `${this.#options.path}: this run's result was already being published when its process ended, and the source has ` +
        "more records now; begin anew with --restart",
    );
  }

  /** All parts that do not have their names yet. */
  async #publishAll(): Promise<void> {
    const again = this.#published;
    if (this.#options.mode === "append") {
      await this.#completeAll();
      await this.#book.keepAs("complete", this.#book.records("open"));
      await this.#publishing.add();
    } else {
      if (!again) await this.#completeAll();
      await this.#book.keepAs("publishing", again ? [] : this.#book.records());
      this.#published = true;
      await this.#publishing.replace(again);
    }
    await this.#book.close(this.#session.run);
    this.#published = true;
  }

  /** No part is open any more; a result without a row is one empty part, save for partitions and parts that are added. */
  async #completeAll(): Promise<void> {
    const { target, mode, clock, adds } = this.#options;
    const isWhole = mode === "replace" && !adds && !target.partitioned;
    if (this.#book.isEmpty && isWhole) await this.#beginEmpty();
    const open = this.#series.all.filter((series) => series.open !== null);
    await mapSideBySide(open, async (series) => {
      // What another process wrote is held to its length here, or copied away from it.
      if (series.open?.by !== this.#files.by) await series.current();
      await series.flush(clock.now());
    });
    await this.#remembered(open);
    for (const series of open) await series.close(false);
  }

  async #beginEmpty(): Promise<void> {
    this.#setHead(null);
    const series = await this.#series.of("");
    await series.current();
    await this.#commit([series]);
  }
}

function isMissing(thrown: unknown): boolean {
  return errnoOf(thrown) === "ENOENT" || (thrown instanceof MillraceError && errnoOf(thrown.cause) === "ENOENT");
}

function isRefused(thrown: unknown): boolean {
  return thrown instanceof MillraceError && thrown.code === "SINK_REFUSED";
}

/** For a writer that nobody will ever go on with. */
function forgetful(): SinkMemory {
  const words = { all: async () => [], keep: async () => {} };
  return { epoch: 0, scope: words, job: words, writer: "", isGone: () => true, isOver: async () => false };
}
