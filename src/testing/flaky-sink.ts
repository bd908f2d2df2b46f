/** A memory sink that fails as planned, as a job's `sink`: for whoever runs a job whole, with `runJob`. */
import type { SinkDefinition, SinkUse } from "../core/ports/connector.ts";
import { type Fault, Faults } from "./faults.ts";
import { MemorySink, type MemorySinkOptions } from "./memory-sink.ts";

/**
 * A table in memory behind a server that is not always there.
 *
 * @example
 * const flaky = new FlakySink([
 *   { at: "sink.begin", times: 3, does: "fail" },          // away for the first three tries
 *   { at: "sink.commit", nth: 2, does: "lose-reply" },
 * ]);
 * const { retries } = await runJob(defineJob({ name: "orders", source, sink: flaky }), { state: "memory:" });
 * flaky.table.records;
 */
export class FlakySink implements SinkUse {
  readonly type = "module";
  readonly module: SinkDefinition;
  readonly options = {};
  readonly #faults: Faults;
  readonly #table: MemorySink;

  constructor(faults: readonly Fault[], options: MemorySinkOptions = {}) {
    const table = new MemorySink(options);
    const planned = new Faults(faults);
    this.#faults = planned;
    this.#table = table;
    this.module = {
      ...table.module,
      name: "flaky",
      resolve: async (own, context) => planned.sink(context.name, await table.module.resolve(own, context)),
    };
  }

  /** What was committed. */
  get table(): MemorySink {
    return this.#table;
  }

  /** The steps that it was asked for, in their order. */
  get taken(): Faults["taken"] {
    return this.#faults.taken;
  }
}
