/**
 * A sink like that of files: append-only parts without transactions, positions in the state store, nothing to be seen
 * before the end. A process that opens it writes a part of its own; what an earlier one still writes is in a file that
 * has no name any more.
 */
import { MillraceError } from "../../../src/core/errors.ts";
import type { EncodeSpec } from "../../../src/core/ports/format.ts";
import type { BoundSink, SinkSession, SinkUnit, SinkWriter } from "../../../src/core/ports/sink.ts";
import { rowsOf } from "./database-sink.ts";
import { type Fates, unforeseen, unreachable } from "./faults.ts";
import type { SimulatedProcess } from "./process.ts";

/** The folder: what the latest writer made, and what was published. */
export class PartFolder {
  current: string[] = [];
  /** Of the writer whose rows are the current ones. */
  epoch = 0;
  published: readonly string[] | null = null;
}

/** A part bears its writer's epoch, so that one that was taken over meanwhile does not stand in its successor's place. */
export function takeUp(folder: PartFolder, rows: string[], epoch: number): void {
  if (epoch < folder.epoch) return;
  folder.current = rows;
  folder.epoch = epoch;
}

/** What a {@link PartSink} needs. */
export interface PartSinkOptions {
  readonly folder: PartFolder;
  readonly process: SimulatedProcess;
  readonly faults: Fates;
  readonly encode: EncodeSpec;
  readonly misuse: (message: string) => void;
}

/** One process's sink. */
export class PartSink implements BoundSink {
  readonly label = "simulated parts";
  readonly positions = "state";
  readonly resume = "restart";
  readonly appends = false;
  readonly #options: PartSinkOptions;

  constructor(options: PartSinkOptions) {
    this.#options = options;
  }

  get encode(): EncodeSpec {
    return this.#options.encode;
  }

  async open({ memory }: SinkSession): Promise<SinkWriter> {
    const { folder } = this.#options;
    await this.#step("sink: open");
    const rows: string[] = [];
    takeUp(folder, rows, memory?.epoch ?? 0);
    let open = 0;
    return {
      lanes: 1,
      begin: async () => {
        await this.#step("sink: begin");
        if (++open > 1) this.#options.misuse(`${open} units are open on 1 lane`);
        return this.#unit(rows, () => open--);
      },
      finish: async () => {
        await this.#step("sink: finish");
        folder.published = [...rows];
      },
      async [Symbol.asyncDispose]() {},
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** A rollback cuts the part back to where the unit began, also after its commit. */
  #unit(rows: string[], onEnd: () => void): SinkUnit {
    const begin = rows.length;
    let ended = false;
    const end = (): void => {
      if (!ended) onEnd();
      ended = true;
    };
    return {
      write: async (output) => {
        const [first, ...others] = rowsOf(output);
        if (first !== undefined) rows.push(first);
        // What fails half-way leaves something behind.
        await this.#step("sink: write");
        rows.push(...others);
        return { rejects: [] };
      },
      commit: async () => {
        await this.#step("sink: flush");
        end();
      },
      rollback: async () => {
        await this.#options.process.step("sink: cut back");
        rows.length = begin;
        end();
      },
    };
  }

  async #step(name: string): Promise<void> {
    const { process, faults } = this.#options;
    const fate = faults.fate();
    await process.step(name);
    if (fate === "crash") throw unforeseen(name);
    if (fate === "unsent") throw unreachable(name);
    if (fate === "late")
      throw new MillraceError("SINK_FAILED", `simulated: ${name}: input/output error`, { fault: "transient" });
  }
}
