/** A commit unit as its writer holds it: everything needed to send it again until it is durable. */
import type { MillraceError } from "../core/errors.ts";
import { addCounts, type Counts, NO_COUNTS } from "../core/ledger.ts";
import type { SinkUnit, WriteReject } from "../core/ports/sink.ts";
import type { Reject } from "../core/reject.ts";
import type { SinkOutput } from "../core/result.ts";
import type { Delivery } from "./messages.ts";
import type { Step } from "./progress-book.ts";

/** A unit is closed when it holds this many chunks, however small they are. */
const MAX_CHUNKS = 64;

/** A delivery with what the sink refused of it. */
interface Held {
  readonly delivery: Delivery;
  refused: readonly WriteReject[];
}

/** Consecutive deliveries of one sink that become durable together. */
export class CommitUnit {
  readonly #held: Held[] = [];
  #bytes = 0;
  /** The sink's side of it; null before the first row is sent and after a rollback. */
  sinkUnit: SinkUnit | null = null;
  /** The sink has committed; what may be missing are positions that live elsewhere. From here on nothing is taken back. */
  rowsAreDurable = false;
  /** What went wrong while it was filled; it is mended when its turn to commit comes. */
  fault: MillraceError | null = null;
  /** Whether an attempt to commit it has failed: it may have been committed all the same. */
  failed = false;
  careful = false;
  readonly #appended = new Set<string>();

  get deliveries(): readonly Delivery[] {
    return this.#held.map(({ delivery }) => delivery);
  }

  get chunks(): number {
    return this.#held.length;
  }

  add(delivery: Delivery): void {
    const { chunk, output } = delivery;
    this.#held.push({ delivery, refused: [] });
    this.#bytes += chunk.end - chunk.begin + output.bytes.byteLength;
  }

  /** @param maxBytes of what it holds: its chunks and what was made of them */
  isFull(maxBytes: number): boolean {
    return this.fault !== null || this.#bytes >= maxBytes || this.#held.length >= MAX_CHUNKS;
  }

  /** The sink refused these records of a delivery. */
  refuse(delivery: Delivery, refused: readonly WriteReject[]): void {
    const held = this.#held.find((entry) => entry.delivery === delivery);
    if (held !== undefined) held.refused = refused;
  }

  /** All rejects of the unit, in the order of its deliveries. */
  get rejects(): readonly Reject[] {
    return this.#held.flatMap(({ delivery, refused }) => [...delivery.rejects, ...refused.map(delivery.rejectRow)]);
  }

  /** Of these rejects those that are not yet durable in a place of their own: sending a unit again must not append them twice. */
  notAppended(rejects: readonly Reject[]): readonly Reject[] {
    return rejects.filter((reject) => !this.#appended.has(keyOf(reject)));
  }

  /** They are durable now. */
  rejectsAppended(rejects: readonly Reject[]): void {
    for (const reject of rejects) this.#appended.add(keyOf(reject));
  }

  /** What the sink alone refused. */
  get refused(): readonly Reject[] {
    return this.#held.flatMap(({ delivery, refused }) => refused.map(delivery.rejectRow));
  }

  /** What the unit means for each of its splits. */
  get steps(): readonly Step[] {
    const steps = new Map<string, Step>();
    for (const held of this.#held) {
      const { split, from, to } = held.delivery;
      const before = steps.get(split);
      const added = addCounts(before?.added ?? NO_COUNTS, countsOf(held));
      steps.set(split, { split, from: before?.from ?? from, to, added });
    }
    return [...steps.values()];
  }

  get counts(): Counts {
    return this.steps.reduce((sum, step) => addCounts(sum, step.added), NO_COUNTS);
  }

  release(): void {
    for (const { delivery } of this.#held.splice(0)) delivery.release();
  }
}

function keyOf({ split, position, sink = "", output }: Reject): string {
  return `${position.ordinal} ${output ?? ""} ${sink} ${split}`;
}

function countsOf({ delivery, refused }: Held): Counts {
  const { read, filtered, folded, output } = delivery;
  const rejected = delivery.rejects.length + refused.length;
  const lost = refused.map(({ record }) => rowsOfRecord(output, record));
  return {
    read,
    filtered,
    folded,
    rejected,
    written: read - filtered - folded - rejected,
    emitted: output.rows - lost.reduce((sum, { rows }) => sum + rows, 0),
    bytes: output.bytes.byteLength - lost.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function rowsOfRecord({ recordOfRow, rowEnds }: SinkOutput, record: number): { rows: number; bytes: number } {
  const first = recordOfRow.indexOf(record);
  const last = recordOfRow.lastIndexOf(record);
  if (first === -1) return { rows: 0, bytes: 0 };
  return { rows: last - first + 1, bytes: (rowEnds[last] ?? 0) - (first === 0 ? 0 : (rowEnds[first - 1] ?? 0)) };
}
