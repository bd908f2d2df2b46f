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

/**
 * It is closed, too, when the sink has refused this many records: where most are bad, finding each takes its time, and the
 * limit that ends such a run is looked at when a unit closes.
 */
const MOST_REFUSED = 1000;

const NOTHING: Held["lost"] = { rows: 0, bytes: 0 };

/** A delivery with what the sink refused of it. */
interface Held {
  readonly delivery: Delivery;
  refused: readonly Reject[];
  /** What the sink did not take of the output because of them. */
  lost: { readonly rows: number; readonly bytes: number };
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
  /** It cannot be closed where it ends, and nothing more comes: it is not committed. */
  isLeft = false;
  /** What was taken off its end, to be made durable next. */
  rest: CommitUnit | null = null;
  #refused = 0;
  readonly #appended = new Set<string>();

  get deliveries(): readonly Delivery[] {
    return this.#held.map(({ delivery }) => delivery);
  }

  get chunks(): number {
    return this.#held.length;
  }

  add(delivery: Delivery): void {
    const { chunk, output } = delivery;
    this.#held.push({ delivery, refused: [], lost: NOTHING });
    this.#bytes += chunk.end - chunk.begin + output.bytes.byteLength;
  }

  /** @param maxBytes of what it holds: its chunks and what was made of them */
  isFull(maxBytes: number): boolean {
    return this.fault !== null || this.#bytes >= maxBytes || this.#held.length >= MAX_CHUNKS || this.hasManyRefused;
  }

  /** Whether the sink has to have more before it is closed. */
  get isMidway(): boolean {
    return this.fault === null && this.sinkUnit?.midway === true;
  }

  get hasManyRefused(): boolean {
    return this.#refused >= MOST_REFUSED;
  }

  /** Keeps the first deliveries only; the others become `rest`. */
  keepFirst(count: number): void {
    if (count >= this.#held.length) return;
    const rest = new CommitUnit();
    rest.careful = this.careful;
    rest.rest = this.rest;
    for (const { delivery } of this.#held.splice(count)) rest.add(delivery);
    this.rest = rest;
  }

  /** The sink refused these records of a delivery. */
  refuse(delivery: Delivery, refused: readonly WriteReject[]): void {
    const held = this.#held.find((entry) => entry.delivery === delivery);
    if (held === undefined) return;
    this.#refused += refused.length - held.refused.length;
    held.refused = refused.map(delivery.rejectRow);
    held.lost = rowsOfRecords(delivery.output, new Set(refused.map(({ record }) => record)));
  }

  /** All rejects of the unit, in the order of its deliveries. */
  get rejects(): readonly Reject[] {
    return this.#held.flatMap(({ delivery, refused }) => [...delivery.rejects, ...refused]);
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
    return this.#held.flatMap(({ refused }) => refused);
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

function countsOf({ delivery, refused, lost }: Held): Counts {
  const { read, filtered, folded, output } = delivery;
  const rejected = delivery.rejects.length + refused.length;
  return {
    read,
    filtered,
    folded,
    rejected,
    written: read - filtered - folded - rejected,
    emitted: output.rows - lost.rows,
    bytes: output.bytes.byteLength - lost.bytes,
  };
}

/** How much of an output some records are. */
function rowsOfRecords({ recordOfRow, rowEnds, rows }: SinkOutput, records: ReadonlySet<number>): Held["lost"] {
  if (records.size === 0) return NOTHING;
  const lost = { rows: 0, bytes: 0 };
  for (let row = 0; row < rows; row++) {
    if (!records.has(recordOfRow[row] as number)) continue;
    lost.rows++;
    lost.bytes += (rowEnds[row] as number) - (row === 0 ? 0 : (rowEnds[row - 1] as number));
  }
  return lost;
}
