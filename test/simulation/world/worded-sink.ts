/**
 * A sink like that of files, whose parts have words in the state store beside the positions (decision 11): a part is what
 * its word says, a writer that has surely ended is followed in its own file, any other is copied away from, and publishing
 * is remembered before it is done.
 */
import { MillraceError } from "../../../src/core/errors.ts";
import type { EncodeSpec } from "../../../src/core/ports/format.ts";
import type {
  BoundSink,
  SinkMemory,
  SinkSession,
  SinkUnit,
  SinkWord,
  SinkWriter,
} from "../../../src/core/ports/sink.ts";
import { rowsOf } from "./database-sink.ts";
import { fileStep, type FileWorld } from "./row-file.ts";
import { type HiddenFile, type PartFolder, type PartWord, readParts } from "./part-folder.ts";

/** What a {@link WordedSink} needs. */
export interface WordedSinkOptions extends FileWorld {
  readonly encode: EncodeSpec;
  readonly folder: PartFolder;
  /** Rows after which a part is complete and shown; null: all is shown at the end, in the place of what was there. */
  readonly rotateRows: number | null;
  /** Whether a process, by its name, can never write again. */
  readonly isGone: (process: string) => boolean;
  readonly misuse: (message: string) => void;
}

const WRITER = "writer ";
const DONE = "done";

/** One process's sink. */
export class WordedSink implements BoundSink {
  readonly label = "simulated files with words";
  readonly positions = "state";
  readonly resume = "position";
  readonly appends: boolean;
  readonly #options: WordedSinkOptions;

  constructor(options: WordedSinkOptions) {
    this.#options = options;
    this.appends = options.rotateRows !== null;
  }

  get encode(): EncodeSpec {
    return this.#options.encode;
  }

  async open({ memory, run, adds = false }: SinkSession): Promise<SinkWriter> {
    if (memory === undefined) throw new MillraceError("INVARIANT", "a sink of the state store was given no memory");
    const writer = new WordedWriter(this.#options, memory, run, adds);
    await writer.takeUp();
    return writer;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

class WordedWriter implements SinkWriter {
  readonly lanes = 1;
  readonly #options: WordedSinkOptions;
  readonly #memory: SinkMemory;
  readonly #run: string;
  readonly #adds: boolean;
  readonly #by: string;
  /** As the words have them. */
  readonly #parts = new Map<number, PartWord>();
  /** Files that were copied away from; they go once a commit knows the copies. */
  #left: string[] = [];
  #isKnown = false;
  #published = false;
  #closed = false;
  #open = 0;

  constructor(options: WordedSinkOptions, memory: SinkMemory, run: string, adds: boolean) {
    this.#options = options;
    this.#memory = memory;
    this.#run = run;
    this.#adds = adds;
    this.#by = `${run} ${memory.epoch}`;
  }

  /** Removes what no word knows, and makes what was left its own. */
  async takeUp(): Promise<void> {
    const { folder, process, isGone } = this.#options;
    await this.#step("open");
    const words = await this.#memory.scope.all();
    for (const part of readParts(words)) this.#parts.set(part.number, part);
    this.#published = words.some(({ name }) => name === DONE) || this.#in("publishing").length > 0;
    await this.#step("clean up");
    folder.removeUnknown(
      this.#run,
      this.#memory.epoch,
      [...this.#parts.values()].map(({ file }) => file),
    );
    const writerOf = new Map(words.map(({ name, word }) => [name, word]));
    for (const part of this.#in("open")) {
      const writer = writerOf.get(WRITER + part.by);
      if (typeof writer === "string" && (writer === process.name || isGone(writer))) await this.#goOn(part);
    }
    if (this.appends) await this.#show();
  }

  get appends(): boolean {
    return this.#options.rotateRows !== null;
  }

  async begin(): Promise<SinkUnit> {
    await this.#step("begin");
    const unit = await this.#unit(await this.#current());
    if (++this.#open > 1) this.#options.misuse(`${this.#open} units are open on 1 lane`);
    return unit;
  }

  async settle(): Promise<void> {
    await this.#step("settle");
    for (const file of this.#left.splice(0)) this.#options.folder.hidden.delete(file);
    if (this.appends) await this.#show();
  }

  async finish(): Promise<void> {
    await this.#step("finish");
    if (this.appends) {
      await this.#keepAs("complete", await this.#ownOpen());
      await this.#show();
    } else if (this.#parts.size > 0) {
      const again = this.#published;
      if (!again) await this.#keepAs("publishing", await this.#ownOpen());
      this.#published = true;
      for (const part of this.#in("publishing")) await this.#showOne(part, again);
    }
    const parts = [...this.#parts.keys()].map((number) => partWord(number, null));
    await this.#memory.scope.keep([...parts, { name: DONE, word: this.#run }]);
    this.#parts.clear();
  }

  /** What is under way when it is closed does not go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
  }

  /** In the file of a writer that is gone; that is remembered before anything is changed. */
  async #goOn(part: PartWord): Promise<void> {
    const mine = { ...part, by: this.#by };
    await this.#memory.scope.keep([this.#writerWord(), partWord(part.number, mine)]);
    this.#isKnown = true;
    this.#parts.set(part.number, mine);
    await this.#step("cut the tail");
    (await this.#fileOf(mine)).rows.length = part.rows;
  }

  /** The part that rows go to: the open one, copied away from whoever may still write to it, or another one. */
  async #current(): Promise<PartWord> {
    const [open] = this.#in("open");
    if (open?.by === this.#by) return open;
    const { folder } = this.#options;
    await this.#step("begin a part");
    const number = open?.number ?? Math.max(-1, ...this.#parts.keys(), ...folder.numbersOf(this.#run)) + 1;
    const before = open === undefined ? this.#base() : (await this.#fileOf(open)).rows.slice(0, open.rows);
    if (open !== undefined) this.#left.push(open.file);
    const file = folder.create(this.#run, this.#memory.epoch, before);
    return { number, file, rows: before.length, by: this.#by, state: "open" };
  }

  /** The part that is still open, if there is one; what another process may still write to is copied away from. */
  async #ownOpen(): Promise<readonly PartWord[]> {
    return this.#in("open").length === 0 ? [] : [await this.#current()];
  }

  /** A replay adds to a result of one file by writing it anew with more in it. */
  #base(): readonly string[] {
    return this.#adds && !this.appends ? this.#options.folder.published : [];
  }

  /** A rollback cuts the file back to where the unit began, also after its commit. */
  async #unit(part: PartWord): Promise<SinkUnit> {
    const { rows } = await this.#fileOf(part);
    const before = this.#parts.get(part.number);
    let words: readonly SinkWord[] = [];
    let ended = false;
    const end = (): void => {
      if (!ended) this.#open--;
      ended = true;
    };
    return {
      get words() {
        return words;
      },
      write: async (output) => {
        if (this.#published && !this.appends) await this.#refuse("rows for a result that is being published");
        const [first, ...others] = rowsOf(output);
        if (first !== undefined) rows.push(first);
        await this.#step("write");
        rows.push(...others);
        return { rejects: [] };
      },
      commit: async () => {
        await this.#step("flush");
        words = this.#remembered({ ...part, rows: rows.length });
        end();
      },
      rollback: async () => {
        await this.#options.process.step("sink: cut back");
        if (this.#closed) return;
        rows.length = part.rows;
        if (before === undefined) this.#parts.delete(part.number);
        else this.#parts.set(part.number, before);
        end();
      },
    };
  }

  #remembered(part: PartWord): readonly SinkWord[] {
    const isFull = part.rows >= (this.#options.rotateRows ?? Number.POSITIVE_INFINITY);
    const next: PartWord = isFull ? { ...part, state: "complete" } : part;
    this.#parts.set(part.number, next);
    const writer = this.#isKnown ? [] : [this.#writerWord()];
    return [...writer, partWord(part.number, next)];
  }

  /** Gives complete parts their names: remembered, done, forgotten. */
  async #show(): Promise<void> {
    const again = this.#in("publishing");
    const complete = this.#in("complete");
    await this.#keepAs("publishing", complete);
    for (const part of again) await this.#showOne(part, true);
    for (const { number } of complete) await this.#showOne(this.#parts.get(number) as PartWord, false);
    const gone = [...again, ...complete];
    if (gone.length === 0) return;
    await this.#memory.scope.keep(gone.map(({ number }) => partWord(number, null)));
    for (const { number } of gone) this.#parts.delete(number);
  }

  /** @param again whether it may have been shown before, so that its file may be gone */
  async #showOne(part: PartWord, again: boolean): Promise<void> {
    const { folder, misuse } = this.#options;
    await this.#step("rename");
    const file = folder.hidden.get(part.file);
    if (file === undefined && again) return;
    const { rows } = await this.#fileOf(part);
    const name = this.appends ? `${this.#run} ${part.number}` : "result";
    if (this.appends && folder.shown.has(name)) misuse(`part ${name} is shown twice`);
    folder.show(name, part.file, rows);
  }

  async #keepAs(state: PartWord["state"], parts: readonly PartWord[]): Promise<void> {
    if (parts.length === 0) return;
    const next = parts.map((part) => ({ ...part, state }));
    await this.#memory.scope.keep(next.map((part) => partWord(part.number, part)));
    for (const part of next) this.#parts.set(part.number, part);
  }

  async #fileOf({ file, rows }: PartWord): Promise<HiddenFile> {
    const found = this.#options.folder.hidden.get(file);
    if (found !== undefined && found.rows.length >= rows) return found;
    return await this.#refuse(`${file} should hold ${rows} rows, it ${found === undefined ? "is gone" : "is shorter"}`);
  }

  /** Who finds what cannot be may have been taken over: then that is what is told. */
  async #refuse(message: string): Promise<never> {
    await this.#memory.scope.keep([]);
    this.#options.misuse(message);
    throw new MillraceError("SINK_REFUSED", `simulated: ${message}`);
  }

  #in(state: PartWord["state"]): readonly PartWord[] {
    return [...this.#parts.values()].filter((part) => part.state === state);
  }

  #writerWord(): SinkWord {
    return { name: WRITER + this.#by, word: this.#options.process.name };
  }

  async #step(name: string): Promise<void> {
    await fileStep(this.#options, `sink: ${name}`);
    if (this.#closed) throw new MillraceError("CLOSED", `simulated: ${name} in a file that was closed`);
  }
}

function partWord(number: number, part: PartWord | null): SinkWord {
  return { name: `part ${number}`, word: part === null ? null : JSON.stringify(part) };
}
