/**
 * A sink like that of files that can be continued: positions and the length that belongs to them live in the state store.
 * A process that opens it takes over what lies before that length; what an earlier one still appends is in a file that has
 * no name any more.
 */
import { MillraceError } from "../../../src/core/errors.ts";
import type { EncodeSpec } from "../../../src/core/ports/format.ts";
import type { BoundSink, SinkSession, SinkWriter } from "../../../src/core/ports/sink.ts";
import { type FileSinkOptions, fileStep, RowFile } from "./row-file.ts";

const LENGTH = "length";

/** One process's sink. */
export class LogSink implements BoundSink {
  readonly label = "simulated log";
  readonly positions = "state";
  readonly resume = "position";
  readonly appends = true;
  readonly #options: FileSinkOptions;

  constructor(options: FileSinkOptions) {
    this.#options = options;
  }

  get encode(): EncodeSpec {
    return this.#options.encode;
  }

  async open({ memory, run, adds = false }: SinkSession): Promise<SinkWriter> {
    if (memory === undefined) throw new MillraceError("INVARIANT", "a sink of the state store was given no memory");
    await fileStep(this.#options, "sink: open");
    const words = await memory.scope.all();
    const { folder } = this.#options;
    const length = words.find(({ name }) => name === LENGTH)?.word;
    // A replay begins with what is there.
    const begun = adds ? [...(folder.published ?? [])] : [];
    const rows = typeof length === "string" ? folder.current.slice(0, Number(length)) : begun;
    folder.takeUp(rows, { run, epoch: memory.epoch });
    const file = new RowFile(this.#options, rows, (length) => [{ name: LENGTH, word: String(length) }]);
    if (!adds) return file;
    // Once a replay is settled nothing is left to be read of it: who was taken over would find that all is written.
    return Object.assign(file, { finish: () => memory.scope.keep([]).then(() => RowFile.prototype.finish.call(file)) });
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
