/**
 * The writer of one sink: gathers deliveries into commit units and makes each durable exactly once.
 *
 * A unit is filled, then committed; where the sink has two lanes the next one fills meanwhile. Units commit strictly one
 * after another. A unit's bytes are held until it is durable, so a failure at any step has one of three answers:
 *
 * - transient: wait, read the positions back (the commit may have happened although its reply was lost), send it again
 *   (or, when only positions that live elsewhere are missing, just those);
 * - record: some row is bad, so the unit is sent again in careful mode, which finds and rejects it;
 * - fatal: the run ends here; what was committed stays.
 *
 * A unit that breaks while it is filled is simply closed: it is mended when its turn to commit comes.
 */
import { abortError } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import type { Progress, SinkUnit, SinkWriter, TurnToCommit } from "../core/ports/sink.ts";
import type { Random } from "../core/random.ts";
import type { Reject } from "../core/reject.ts";
import type { Actor, ActorContext } from "../runtime/actor.ts";
import type { CommitUnit } from "./commit-unit.ts";
import type { LastMoves } from "./last-moves.ts";
import type { Delivery, Emit } from "./messages.ts";
import { Outage, type RetryPolicy } from "./outage.ts";
import type { Placement } from "./placement.ts";
import type { ProgressBook } from "./progress-book.ts";
import type { RecentCounts } from "./recent-counts.ts";
import { passedLimit, type RejectLimitOptions } from "./reject-limits.ts";
import { UnitFiller, type UnitFillerOptions } from "./unit-filler.ts";

/** Careful mode stays on until this many units have passed without a bad row. */
const CLEAN_UNITS = 2;

/** What a {@link Writer} needs. */
export interface WriterOptions extends UnitFillerOptions {
  readonly sink: string;
  readonly writer: SinkWriter;
  readonly placement: Placement;
  readonly book: ProgressBook;
  /** The sink's output columns; known by the time the first delivery comes. */
  readonly columns: () => readonly string[] | null;
  /** null: rejects without limit. */
  readonly limits: RejectLimitOptions | null;
  /** Given when the limits hold for the last minutes only. */
  readonly recent?: RecentCounts;
  readonly retry: RetryPolicy;
  readonly random: Random;
  readonly emit: Emit;
  /** Given when an outage does not count as long as other sinks move. */
  readonly moves?: LastMoves;
  /** The rows that a commit changed. */
  readonly onCommitted: (progress: readonly Progress[]) => void;
}

/** Works until the aggregator's mailbox is closed and everything is durable. */
export class Writer implements Actor {
  readonly #options: WriterOptions;
  readonly #filler: UnitFiller;
  #carefulUnits = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#filler = new UnitFiller(options, (unit, delivery) => this.#add(unit, delivery));
  }

  async run({ killed }: ActorContext): Promise<void> {
    const { writer, meter, inbox } = this.#options;
    // A process may have died between the commit that passed a limit and the end of the run.
    this.#checkLimits();
    let committing: Promise<void> = Promise.resolve();
    try {
      for (let unit = await this.#filler.next(); unit !== null; unit = await this.#filler.next()) {
        const filled = unit;
        await meter.busy(() => committing);
        committing = this.#commit(filled, killed);
        committing.catch((error: unknown) => inbox.abort(error));
        if (writer.lanes === 1) await meter.busy(() => committing);
      }
    } finally {
      // Also after a failure: a commit that ended behind its writer's back would be counted twice by the next one.
      await meter.busy(() => committing);
    }
  }

  /** Takes a delivery into a unit and hands it to the sink at once. */
  async #add(unit: CommitUnit, delivery: Delivery): Promise<void> {
    unit.add(delivery);
    if (unit.chunks === 1) unit.careful = this.#carefulUnits > 0;
    try {
      await this.#send(unit, delivery, "next");
    } catch (thrown) {
      unit.fault = this.#faultOf(thrown);
    }
  }

  async #send(unit: CommitUnit, delivery: Delivery, turn: TurnToCommit): Promise<void> {
    if (delivery.output.rows === 0) return;
    unit.sinkUnit ??= await this.#begin(unit, turn);
    const { rejects } = await unit.sinkUnit.write(delivery.output, {
      split: delivery.split,
      ordinal: delivery.chunkFrom,
    });
    unit.refuse(delivery, rejects);
  }

  /** Not before the first row: until then the sink's output columns may be unknown. */
  #begin({ careful }: CommitUnit, turn: TurnToCommit): Promise<SinkUnit> {
    const { writer, columns } = this.#options;
    return writer.begin(careful ? "careful" : "fast", columns(), turn);
  }

  /** Makes a closed unit durable, in parts where much of it is refused. */
  async #commit(unit: CommitUnit, killed: AbortSignal): Promise<void> {
    for (let part: CommitUnit | null = unit; part !== null; part = part.rest) await this.#commitPart(part, killed);
  }

  /** Drops a unit that is left for the next run. */
  async #leave(unit: CommitUnit): Promise<void> {
    await unit.sinkUnit?.rollback();
    unit.release();
  }

  /** Whatever it takes. */
  async #commitPart(unit: CommitUnit, killed: AbortSignal): Promise<void> {
    const { sink, retry, moves, clock } = this.#options;
    const movedAt = moves && { movedAt: () => moves.ofOthers(sink) };
    const outage = new Outage({ ...this.#options, policy: retry, stage: "sink", ...movedAt });
    const begun = clock.monotonic();
    for (let durable = false; !durable; ) {
      if (killed.aborted) throw abortError(killed);
      if (unit.isLeft) return this.#leave(unit);
      try {
        durable = await this.#attempt(unit);
      } catch (thrown) {
        await this.#prepareAgain(unit, this.#faultOf(thrown), outage, killed);
      }
    }
    moves?.note(sink, clock.monotonic());
    this.#committed(unit, clock.monotonic() - begun);
  }

  /** What is no error of ours nobody foresaw; to begin anew is the supervisor's affair. */
  #faultOf(thrown: unknown): MillraceError {
    return MillraceError.from(thrown, "INVARIANT", `sink ${this.#options.sink}`);
  }

  /** One try: mends the unit if it broke, then commits it; false where it is to be left. */
  async #attempt(unit: CommitUnit): Promise<boolean> {
    throwFault(unit);
    if (unit.failed && (await this.#isDurable(unit))) return true;
    if (unit.sinkUnit === null) await this.#sendAgain(unit);
    if (unit.isLeft) return false;
    // Positions that live with the data need a unit also where there are no rows.
    if (this.#options.placement.commitPositions === null) unit.sinkUnit ??= await this.#begin(unit, "due");
    await this.#commitPlaced(unit);
    return true;
  }

  async #sendAgain(unit: CommitUnit): Promise<void> {
    for (const [index, delivery] of unit.deliveries.entries()) {
      await this.#send(unit, delivery, "due");
      if (unit.hasManyRefused) unit.keepFirst(index + 1);
      if (index + 1 === unit.chunks) break;
    }
    if (unit.isMidway) await this.#filler.bringToBorder(unit);
    throwFault(unit);
  }

  async #commitPlaced(unit: CommitUnit): Promise<void> {
    const { placement, book } = this.#options;
    if (unit.sinkUnit?.answers !== undefined && !unit.rowsAreDurable) await this.#hearAnswers(unit, unit.sinkUnit);
    const advances = unit.steps.map((step) => book.advance(step));
    const along = await this.#keepRejects(unit);
    if (unit.sinkUnit !== null && !unit.rowsAreDurable) {
      await placement.commitUnit(unit.sinkUnit, advances, along);
      unit.rowsAreDurable = true;
    }
    // A unit without rows has no words: those of the one before it may say what is no longer so.
    await placement.commitPositions?.(advances, along, unit.sinkUnit?.words ?? []);
    book.apply(advances);
  }

  /**
   * Of a sink that answers late. What it was sent has had its effect by then and cannot be taken back, so nothing of the
   * unit is sent again, whatever else fails.
   */
  async #hearAnswers(unit: CommitUnit, sinkUnit: SinkUnit): Promise<void> {
    const outcomes = (await sinkUnit.answers?.()) ?? [];
    const written = unit.deliveries.filter(({ output }) => output.rows > 0);
    for (const [index, { rejects }] of outcomes.entries()) unit.refuse(written[index] as Delivery, rejects);
    await sinkUnit.commit([], []);
    unit.rowsAreDurable = true;
  }

  /** Makes the rejects durable that have a place of their own; the others, which go along with the positions. */
  async #keepRejects(unit: CommitUnit): Promise<readonly Reject[]> {
    const { rejects: apart } = this.#options.placement;
    const { rejects } = unit;
    if (apart === null) return rejects;
    const own = rejects.filter(({ sink }) => sink !== undefined);
    await apart.place.keepCommon(
      unit.steps,
      rejects.filter(({ sink }) => sink === undefined),
    );
    if (apart.takes === "common") return own;
    const fresh = unit.notAppended(own);
    await apart.place.keepOwn(fresh);
    unit.rejectsAppended(fresh);
    return [];
  }

  /** Whether a commit whose reply was lost did happen after all. */
  async #isDurable(unit: CommitUnit): Promise<boolean> {
    const { placement, book } = this.#options;
    const advances = unit.steps.map((step) => book.advance(step));
    const rows = new Map((await placement.progress(advances.map(({ split }) => split))).map((row) => [row.split, row]));
    const done = advances.filter(({ split, to, epoch }) => {
      const row = rows.get(split);
      return row?.position.ordinal === to.ordinal && row.epoch === epoch && to.ordinal > 0n;
    });
    if (done.length !== advances.length) return false;
    book.apply(advances);
    return true;
  }

  /** After a failure: what has to be different for the next attempt; throws where there is none. */
  async #prepareAgain(unit: CommitUnit, error: MillraceError, outage: Outage, killed: AbortSignal): Promise<void> {
    unit.failed = true;
    if (!unit.rowsAreDurable) {
      await unit.sinkUnit?.rollback();
      unit.sinkUnit = null;
    }
    if (error.fault === "transient") {
      await outage.pause(error, killed);
    } else if (error.fault === "record" && !unit.careful) {
      unit.careful = true;
      this.#carefulUnits = CLEAN_UNITS;
    } else throw error;
  }

  #committed(unit: CommitUnit, commitMs: number): void {
    const { sink, emit, book, onCommitted } = this.#options;
    const { refused } = unit;
    if (unit.careful) this.#carefulUnits = refused.length > 0 ? CLEAN_UNITS : this.#carefulUnits - 1;
    onCommitted(unit.steps.map(({ split }) => book.row(split)));
    emit({ kind: "unit-committed", sink, added: unit.counts, chunks: unit.chunks, commitMs, careful: unit.careful });
    for (const { code, message, split, line = null } of refused) {
      emit({ kind: "rejected", stage: "write", code, sink, count: 1, message, split, line });
    }
    unit.release();
    this.#checkLimits();
  }

  /** The unit that passes a limit is committed, so that the rejects which did it can be looked at. */
  #checkLimits(): void {
    const { limits, book, recent } = this.#options;
    const { read, rejected } = recent?.upTo(book.total) ?? book.total;
    const passed = limits === null ? null : passedLimit(limits, read, rejected, recent && " of the last 5 minutes");
    if (passed !== null) throw new MillraceError("REJECT_LIMIT", passed);
  }
}

/** @throws MillraceError what broke a unit while it was filled; once */
function throwFault(unit: CommitUnit): void {
  const { fault } = unit;
  unit.fault = null;
  if (fault !== null) throw fault;
}
