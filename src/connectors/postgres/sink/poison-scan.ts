/**
 * Finds the records of a chunk that the server refuses, and loads all others. SEMANTICS "Poison rows".
 *
 * Everything happens inside the unit's transaction, behind one savepoint that moves forward over what was taken. A range
 * that is refused is divided: at the row that the server names, else (foreign keys, triggers that run at the end) in the
 * middle. What it names is only a hint, because rows are stored some at a time: a row that is too big is found only when
 * more of them have been read. So a record is rejected when it is refused alone, behind all good ones before it.
 *
 * A range that fails costs its bytes, so ranges adapt: after a failure the next one is twice as long as the run of good
 * records was, and it doubles as long as all is well. Bad rows at every step cost a few times the chunk, not its square.
 */
import { MillraceError } from "../../../core/errors.ts";
import type { WriteReject } from "../../../core/ports/sink.ts";
import type { SinkOutput } from "../../../core/result.ts";
import type { RowSlice } from "../../../core/row-forms.ts";
import { copyLine, describe, isUnreadableBinary, type ServerError, serverError } from "../../../postgres/errors.ts";
import type { RowFeed } from "./modes/load.ts";
import { type RecordRange, RecordRows } from "./record-rows.ts";
import type { TableDoubt } from "./table-doubt.ts";
import type { UnitTransaction } from "./unit-transaction.ts";

/** Records of a range at least; below that the round trips cost more than the bytes. */
const SMALLEST_RANGE = 8;

/** The name of the savepoint. */
export const SAVEPOINT = "millrace_unit";

/** Records that are still to be sent. */
interface Waiting extends RecordRange {
  /** The server named the row behind them; if they are refused all the same, it names rows that are good. */
  readonly takenForGood?: boolean;
}

/** The server's refusal of some rows. */
interface Refusal {
  readonly thrown: unknown;
  readonly error: ServerError;
  /** The row it names, counted from the first one sent with it. */
  readonly row: number | undefined;
  /** It has no fault with the data but with how we wrote them. */
  readonly isUnreadable: boolean;
}

/** One chunk's scan. */
export class PoisonScan {
  readonly #transaction: UnitTransaction;
  readonly #doubt: TableDoubt;
  readonly #rows: RecordRows;
  readonly #rejects: WriteReject[] = [];
  /** Records to be sent at once. */
  #stride: number;

  constructor(transaction: UnitTransaction, output: SinkOutput, doubt: TableDoubt) {
    this.#transaction = transaction;
    this.#doubt = doubt;
    this.#rows = new RecordRows(output);
    this.#stride = this.#rows.count;
  }

  /** What was refused. @throws MillraceError when the server fails or the session is lost */
  async run(): Promise<readonly WriteReject[]> {
    const waiting: Waiting[] = [{ begin: 0, end: this.#rows.count }];
    for (let range = waiting.pop(); range; range = waiting.pop()) {
      const end = Math.min(range.end, range.begin + this.#stride);
      if (end < range.end) waiting.push({ ...range, begin: end });
      waiting.push(...(await this.#load({ ...range, end })).toReversed());
    }
    return this.#rejects;
  }

  /** Sends some records; gives back what of them is still to be sent, in order. */
  async #load(range: Waiting): Promise<readonly Waiting[]> {
    const { begin, end } = range;
    const refusal = await this.#copy(this.#rows.firstRow(begin), this.#rows.firstRow(end));
    if (refusal !== undefined) return end - begin === 1 ? this.#reject(begin, refusal) : this.#divide(range, refusal);
    this.#stride = Math.max(this.#stride, 2 * (end - begin));
    return [];
  }

  #divide({ begin, end, takenForGood = false }: Waiting, { row }: Refusal): readonly Waiting[] {
    if (row === undefined || takenForGood) {
      const middle = begin + ((end - begin) >>> 1);
      return [
        { begin, end: middle },
        { begin: middle, end },
      ];
    }
    const named = this.#rows.recordOf(this.#rows.firstRow(begin) + row);
    this.#stride = Math.max(SMALLEST_RANGE, 2 * (named - begin + 1));
    const parts: readonly Waiting[] = [
      { begin, end: named, takenForGood: true },
      { begin: named, end: named + 1 },
      { begin: named + 1, end },
    ];
    return parts.filter((part) => part.begin < part.end);
  }

  async #reject(record: number, { thrown, error, isUnreadable }: Refusal): Promise<readonly Waiting[]> {
    if (isUnreadable) throw this.#misspelled(thrown, error);
    this.#doubt.refusedRecord(thrown, error);
    const several = this.#rows.rowsOf(record) > 1;
    this.#rejects.push({
      record: this.#rows.numberInChunk(record),
      ...(several && { output: await this.#findRow(record) }),
      code: "ROW_REFUSED",
      message: describe(error, this.#transaction.copyOf),
    });
    return [];
  }

  /** The record may be a good one, so it is no reject. */
  #misspelled(cause: unknown, error: ServerError): MillraceError {
    const what = describe(error, this.#transaction.copyOf);
    return new MillraceError(
      "INVARIANT",
      `${this.#transaction.settings.label}: the server cannot read a row in COPY's binary form: ${what}; set copy: text for the sink to go on without it`,
      { cause, details: { sqlstate: error.sqlstate } },
    );
  }

  /** Which of a record's rows is refused: the first one that fails with the rows before it. */
  async #findRow(record: number): Promise<number> {
    const first = this.#rows.firstRow(record);
    let low = 0;
    let high = this.#rows.rowsOf(record) - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const refusal = await this.#copy(first, first + middle + 1, "undo");
      if (refusal) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Copies rows behind the savepoint; gives the refusal, after which nothing of them is left. */
  async #copy(beginRow: number, endRow: number, then: "keep" | "undo" = "keep"): Promise<Refusal | undefined> {
    const slices = this.#rows.slices(beginRow, endRow);
    const feed = await this.#transaction.openRows(slices[0]?.form ?? 0);
    const refusal = await this.#feed(feed, slices, endRow - beginRow);
    const keep = refusal === undefined && then === "keep";
    if (keep) this.#doubt.tookRows();
    const statement = keep
      ? `RELEASE SAVEPOINT ${SAVEPOINT};SAVEPOINT ${SAVEPOINT}`
      : `ROLLBACK TO SAVEPOINT ${SAVEPOINT}`;
    const connection = await this.#transaction.connection();
    await this.#transaction.step("moving the savepoint", () => connection.query(statement));
    return refusal;
  }

  async #feed(feed: RowFeed, slices: readonly RowSlice[], rows: number): Promise<Refusal | undefined> {
    try {
      await this.#transaction.attempt(async () => {
        for (const slice of slices) await feed.write(slice);
        await feed.finish();
      });
      return undefined;
    } catch (thrown) {
      const error = serverError(thrown);
      if (error === undefined || this.#transaction.faultOf(thrown) === "transient")
        throw this.#transaction.failure(thrown, this.#transaction.doing);
      const line = copyLine(error, this.#transaction.copyOf);
      // Each row is one line: the encoder escapes line ends.
      const row = line === undefined ? -1 : feed.rowsBefore + line - 1;
      const isUnreadable = feed.isBinary && isUnreadableBinary(error);
      return { thrown, error, row: row >= 0 && row < rows ? row : undefined, isUnreadable };
    }
  }
}
