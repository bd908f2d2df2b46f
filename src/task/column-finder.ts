/** Finds output columns by looking at a chunk's outputs before any is encoded. */
import { isFields } from "./held-record.ts";
import { type Outcome, outputsFor } from "./outcome.ts";

/** Collects the names of all the fields that a sink's outputs have, in the order in which they first appear. */
export class ColumnFinder {
  readonly #sink: string;
  readonly #names = new Set<string>();

  constructor(sink: string) {
    this.#sink = sink;
  }

  get columns(): readonly string[] {
    return [...this.#names];
  }

  add(outcome: Outcome): void {
    if (outcome.kind !== "outputs") return;
    for (const output of outputsFor(outcome, this.#sink)) {
      if (isFields(output)) for (const name of Object.keys(output)) this.#names.add(name);
    }
  }
}
