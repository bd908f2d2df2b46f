/**
 * Files without transactions, as the simulated sinks write them: rows are appended, a rollback cuts them back, and of a
 * write that fails half-way something stays behind.
 */
import { MillraceError } from "../../../src/core/errors.ts";
import type { EncodeSpec } from "../../../src/core/ports/format.ts";
import type { SinkUnit, SinkWord, SinkWriter } from "../../../src/core/ports/sink.ts";
import { rowsOf } from "./database-sink.ts";
import { type Fates, unforeseen, unreachable } from "./faults.ts";
import type { SimulatedProcess } from "./process.ts";

/** Whose file it is: run ids rise, and epochs within a run. */
export interface FileOwner {
  readonly run: string;
  readonly epoch: number;
}

/** The folder: what the latest writer made, and what was published. */
export class Folder {
  current: string[] = [];
  /** The writer whose rows are the current ones. */
  #owner: FileOwner = { run: "", epoch: 0 };
  published: readonly string[] | null = null;

  /** A file bears its writer's epoch, so that one that was taken over meanwhile does not stand in its successor's place. */
  takeUp(rows: string[], owner: FileOwner): void {
    const { run, epoch } = this.#owner;
    if (owner.run < run || (owner.run === run && owner.epoch < epoch)) return;
    this.current = rows;
    this.#owner = owner;
  }
}

/** Where files are written. */
export interface FileWorld {
  readonly process: SimulatedProcess;
  readonly faults: Fates;
}

/** What a sink of files needs. */
export interface FileSinkOptions extends FileWorld {
  readonly folder: Folder;
  readonly encode: EncodeSpec;
  readonly misuse: (message: string) => void;
}

/** One process's file: what it has written is in `rows`. */
export class RowFile implements SinkWriter {
  readonly lanes = 1;
  readonly #options: FileSinkOptions;
  readonly #rows: string[];
  readonly #wordsOf: (rows: number) => readonly SinkWord[];
  #open = 0;

  /** @param wordsOf what a commit is to remember when the file has so many rows */
  constructor(options: FileSinkOptions, rows: string[], wordsOf: (rows: number) => readonly SinkWord[] = () => []) {
    this.#options = options;
    this.#rows = rows;
    this.#wordsOf = wordsOf;
  }

  async begin(): Promise<SinkUnit> {
    await fileStep(this.#options, "sink: begin");
    if (++this.#open > 1) this.#options.misuse(`${this.#open} units are open on 1 lane`);
    return this.#unit();
  }

  async finish(): Promise<void> {
    await fileStep(this.#options, "sink: finish");
    this.#options.folder.published = [...this.#rows];
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** A rollback cuts the file back to where the unit began, also after its commit. */
  #unit(): SinkUnit {
    const rows = this.#rows;
    const begin = rows.length;
    let ended = false;
    const end = (): void => {
      if (!ended) this.#open--;
      ended = true;
    };
    const words = (): readonly SinkWord[] => this.#wordsOf(rows.length);
    return {
      get words() {
        return words();
      },
      write: async (output) => {
        const [first, ...others] = rowsOf(output);
        if (first !== undefined) rows.push(first);
        await fileStep(this.#options, "sink: write");
        rows.push(...others);
        return { rejects: [] };
      },
      commit: async () => {
        await fileStep(this.#options, "sink: flush");
        end();
      },
      rollback: async () => {
        await this.#options.process.step("sink: cut back");
        rows.length = begin;
        end();
      },
    };
  }
}

/** One step of the file system, and what becomes of it. */
export async function fileStep({ process, faults }: FileWorld, name: string): Promise<void> {
  const fate = faults.fate(name);
  await process.step(name);
  if (fate === "crash") throw unforeseen(name);
  if (fate === "unsent") throw unreachable(name);
  if (fate === "late")
    throw new MillraceError("SINK_FAILED", `simulated: ${name}: input/output error`, { fault: "transient" });
}
