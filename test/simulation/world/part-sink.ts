/**
 * A sink like that of files that begin anew: positions in the state store, nothing to be seen before the end. A process
 * that opens it writes a part of its own; what an earlier one still writes is in a file that has no name any more.
 */
import type { EncodeSpec } from "../../../src/core/ports/format.ts";
import type { BoundSink, SinkSession, SinkWriter } from "../../../src/core/ports/sink.ts";
import { type FileSinkOptions, fileStep, RowFile } from "./row-file.ts";

/** One process's sink. */
export class PartSink implements BoundSink {
  readonly label = "simulated parts";
  readonly positions = "state";
  readonly resume = "restart";
  readonly appends = false;
  readonly #options: FileSinkOptions;

  constructor(options: FileSinkOptions) {
    this.#options = options;
  }

  get encode(): EncodeSpec {
    return this.#options.encode;
  }

  async open({ memory, run }: SinkSession): Promise<SinkWriter> {
    await fileStep(this.#options, "sink: open");
    const rows: string[] = [];
    this.#options.folder.takeUp(rows, { run, epoch: memory?.epoch ?? 0 });
    return new RowFile(this.#options, rows);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
