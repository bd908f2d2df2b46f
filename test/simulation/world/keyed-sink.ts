/**
 * A sink like a server that tells rows apart by a key: the same twice is one. It keeps no positions; they are in the state
 * store.
 */
import type { EncodeSpec } from "../../../src/core/ports/format.ts";
import type { BoundSink, SinkUnit, SinkWriter } from "../../../src/core/ports/sink.ts";
import { rowsOf } from "./database-sink.ts";
import type { Fates } from "./faults.ts";
import { request } from "./network.ts";
import type { SimulatedProcess } from "./process.ts";

/** What a {@link KeyedSink} needs. */
export interface KeyedSinkOptions {
  /** The server. */
  readonly rows: Set<string>;
  readonly process: SimulatedProcess;
  readonly faults: Fates;
  readonly encode: EncodeSpec;
}

/** One process's sink. */
export class KeyedSink implements BoundSink {
  readonly label = "simulated server";
  readonly positions = "state";
  readonly resume = "position";
  readonly appends = true;
  readonly #options: KeyedSinkOptions;

  constructor(options: KeyedSinkOptions) {
    this.#options = options;
  }

  get encode(): EncodeSpec {
    return this.#options.encode;
  }

  async open(): Promise<SinkWriter> {
    await this.#ask("open", () => {});
    return { lanes: 1, begin: async () => this.#unit(), finish: async () => {}, async [Symbol.asyncDispose]() {} };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #unit(): SinkUnit {
    return {
      write: async (output) => {
        const rows = rowsOf(output);
        await this.#ask("write", () => {
          for (const row of rows) this.#options.rows.add(row);
        });
        return { rejects: [] };
      },
      commit: () => this.#ask("flush", () => {}),
      rollback: async () => {},
    };
  }

  #ask(name: string, work: () => void): Promise<void> {
    const { process, faults } = this.#options;
    return request({ process, faults, name: `sink: ${name}`, work });
  }
}
