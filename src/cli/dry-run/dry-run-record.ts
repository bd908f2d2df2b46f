/** What a dry run was shown: the first rows of each sink, the first rejects, and how many there were. */
import type { Reject } from "../../core/reject.ts";
import type { DryRows, DryRunViewer } from "../../pipeline/dry-run.ts";
import { type Cells, readRows } from "./encoded-rows.ts";

/** Rows that are shown of a sink, and rejects. */
const SHOWN_ROWS = 10;
const SHOWN_REJECTS = 10;

/** A sink's share. */
export interface DrySink {
  readonly label: string;
  /** Rows in all. */
  readonly rows: number;
  readonly first: readonly Cells[];
}

/** Gathers while the run goes on. */
export class DryRunRecord implements DryRunViewer {
  readonly #sinks = new Map<string, DrySink>();
  readonly #rejects: Reject[] = [];
  #rejected = 0;

  get sinks(): ReadonlyMap<string, DrySink> {
    return this.#sinks;
  }

  /** The first of them. */
  get firstRejects(): readonly Reject[] {
    return this.#rejects;
  }

  get rejected(): number {
    return this.#rejected;
  }

  rows(given: DryRows): void {
    const { rows, first } = this.#sinks.get(given.sink) ?? { rows: 0, first: [] };
    const more = readRows(given, SHOWN_ROWS - first.length);
    this.#sinks.set(given.sink, { label: given.label, rows: rows + given.output.rows, first: [...first, ...more] });
  }

  rejects(rejects: readonly Reject[]): void {
    this.#rejected += rejects.length;
    this.#rejects.push(...rejects.slice(0, SHOWN_REJECTS - this.#rejects.length));
  }
}
