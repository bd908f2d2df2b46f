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

  async open({ memory }: SinkSession): Promise<SinkWriter> {
    if (memory === undefined) throw new MillraceError("INVARIANT", "a sink of the state store was given no memory");
    await fileStep(this.#options, "sink: open");
    const words = await memory.scope.all();
    const { folder } = this.#options;
    const rows = folder.current.slice(0, Number(words.find(({ name }) => name === LENGTH)?.word ?? 0));
    folder.takeUp(rows, memory.epoch);
    return new RowFile(this.#options, rows, (length) => [{ name: LENGTH, word: String(length) }]);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
