/**
 * A sink like that of files that can be continued: rows are appended, positions and the length that belongs to them live in
 * the state store. A process that opens it takes over what lies before that length; what an earlier one still appends is in
 * a file that has no name any more.
 */
import { MillraceError } from "../../../src/core/errors.ts";
import type { EncodeSpec } from "../../../src/core/ports/format.ts";
import type { BoundSink, SinkSession, SinkUnit, SinkWriter } from "../../../src/core/ports/sink.ts";
import { rowsOf } from "./database-sink.ts";
import { type PartSinkOptions, takeUp } from "./part-sink.ts";
import { unforeseen, unreachable } from "./faults.ts";

const LENGTH = "length";

/** One process's sink. */
export class LogSink implements BoundSink {
  readonly label = "simulated log";
  readonly positions = "state";
  readonly resume = "position";
  readonly appends = true;
  readonly #options: PartSinkOptions;

  constructor(options: PartSinkOptions) {
    this.#options = options;
  }

  get encode(): EncodeSpec {
    return this.#options.encode;
  }

  async open({ memory }: SinkSession): Promise<SinkWriter> {
    const { folder, misuse } = this.#options;
    if (memory === undefined) throw new MillraceError("INVARIANT", "a sink of the state store was given no memory");
    await this.#step("sink: open");
    const words = await memory.scope.all();
    const length = Number(words.find(({ name }) => name === LENGTH)?.word ?? 0);
    const rows = folder.current.slice(0, length);
    takeUp(folder, rows, memory.epoch);
    let open = 0;
    return {
      lanes: 1,
      begin: async () => {
        await this.#step("sink: begin");
        if (++open > 1) misuse(`${open} units are open on 1 lane`);
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

  #unit(rows: string[], onEnd: () => void): SinkUnit {
    const begin = rows.length;
    let ended = false;
    const end = (): void => {
      if (!ended) onEnd();
      ended = true;
    };
    return {
      write: async (output) => {
        await this.#step("sink: write");
        rows.push(...rowsOf(output));
        return { rejects: [] };
      },
      commit: async () => {
        await this.#step("sink: flush");
        end();
      },
      get words() {
        return [{ name: LENGTH, word: String(rows.length) }];
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
    if (fate === "unsent" || fate === "late") throw unreachable(name);
  }
}
