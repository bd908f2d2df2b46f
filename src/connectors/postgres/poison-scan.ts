/**
 * Finds the records of a chunk that the server refuses, and loads all others. SEMANTICS "Poison rows".
 *
 * Everything happens inside the unit's transaction, behind one savepoint that moves forward over what was taken. Where
 * the server names the row, the records before it are known good: they are sent again, the record is left out, and the
 * scan goes on behind it. Where it names none (foreign keys, triggers that run at the end), ranges are halved.
 *
 * A range that fails costs its bytes, so ranges adapt: after a failure the next one is twice as long as the run of good
 * records was, and it doubles as long as all is well. Bad rows at every step cost a few times the chunk, not its square.
 */
import type { WriteReject } from "../../core/ports/sink.ts";
import type { SinkOutput } from "../../core/result.ts";
import { type CopyFeed } from "../../postgres/copy-feed.ts";
import { copyLine, describe, faultOf, type ServerError, serverError } from "../../postgres/errors.ts";
import { type RecordRange, RecordRows } from "./record-rows.ts";
import type { UnitTransaction } from "./unit-transaction.ts";

/** Records of a range at least; below that the round trips cost more than the bytes. */
const SMALLEST_RANGE = 8;

/** The name of the savepoint. */
export const SAVEPOINT = "millrace_unit";

/** What became of a chunk. */
export interface ScanResult {
  readonly rejects: readonly WriteReject[];
  /** Whether any row was taken. */
  readonly taken: boolean;
  /** The one error, with a code that is not a row's own, that every record met; undefined when there is no such. */
  readonly common: unknown;
}

/** The server's refusal of some rows. */
interface Refusal {
  readonly thrown: unknown;
  readonly error: ServerError;
  /** The row it names, counted from the first one of the COPY. */
  readonly row: number | undefined;
}

/** One chunk's scan. */
export class PoisonScan {
  readonly #transaction: UnitTransaction;
  readonly #rows: RecordRows;
  readonly #rejects: WriteReject[] = [];
  readonly #refusals: Refusal[] = [];
  /** Records to be sent at once. */
  #stride: number;
  #taken = false;

  constructor(transaction: UnitTransaction, output: SinkOutput) {
    this.#transaction = transaction;
    this.#rows = new RecordRows(output);
    this.#stride = this.#rows.count;
  }

  /** @throws MillraceError when the server fails or the session is lost */
  async run(): Promise<ScanResult> {
    const ranges: RecordRange[] = [{ begin: 0, end: this.#rows.count }];
    for (let range = ranges.pop(); range; range = ranges.pop()) {
      const end = Math.min(range.end, range.begin + this.#stride);
      if (end < range.end) ranges.push({ begin: end, end: range.end });
      ranges.push(...(await this.#load({ begin: range.begin, end })));
    }
    return { rejects: this.#rejects, taken: this.#taken, common: this.#commonRefusal() };
  }

  /** Sends some records; gives back what of them is still to be sent, the last first. */
  async #load(range: RecordRange): Promise<readonly RecordRange[]> {
    const firstRow = this.#rows.firstRow(range.begin);
    const refusal = await this.#copy(firstRow, this.#rows.firstRow(range.end));
    if (refusal === undefined) {
      this.#stride = Math.max(this.#stride, 2 * (range.end - range.begin));
      return [];
    }
    const row = refusal.row === undefined ? undefined : firstRow + refusal.row;
    if (row === undefined) return this.#halve(range, refusal);
    const bad = this.#rows.recordOf(row);
    this.#stride = Math.max(SMALLEST_RANGE, 2 * (bad - range.begin + 1));
    this.#reject(bad, refusal, row - this.#rows.firstRow(bad));
    return [
      { begin: bad + 1, end: range.end },
      { begin: range.begin, end: bad },
    ].filter(({ begin, end }) => begin < end);
  }

  async #halve({ begin, end }: RecordRange, refusal: Refusal): Promise<readonly RecordRange[]> {
    if (end - begin === 1) {
      this.#reject(begin, refusal, await this.#findRow(begin));
      return [];
    }
    const middle = begin + ((end - begin) >>> 1);
    return [
      { begin: middle, end },
      { begin, end: middle },
    ];
  }

  /** Which of a record's rows is refused: the first one that fails with the rows before it. */
  async #findRow(record: number): Promise<number> {
    const first = this.#rows.firstRow(record);
    const rows = this.#rows.rowsOf(record);
    for (let row = 0; row < rows - 1; row++) {
      const refusal = await this.#copy(first, first + row + 1, "undo");
      if (refusal) return row;
    }
    return rows - 1;
  }

  /** Copies rows behind the savepoint; gives the refusal, after which nothing of them is left. */
  async #copy(beginRow: number, endRow: number, then: "keep" | "undo" = "keep"): Promise<Refusal | undefined> {
    const feed = await this.#transaction.openCopy();
    const refusal = await this.#feed(feed, this.#rows.bytes(beginRow, endRow), endRow - beginRow);
    const keep = refusal === undefined && then === "keep";
    if (keep) this.#taken = true;
    const statement = keep
      ? `RELEASE SAVEPOINT ${SAVEPOINT};SAVEPOINT ${SAVEPOINT}`
      : `ROLLBACK TO SAVEPOINT ${SAVEPOINT}`;
    const connection = await this.#transaction.connection();
    await this.#transaction.step("moving the savepoint", () => connection.query(statement));
    return refusal;
  }

  async #feed(feed: CopyFeed, bytes: Uint8Array, rows: number): Promise<Refusal | undefined> {
    try {
      await this.#transaction.attempt(async () => {
        await feed.write(bytes);
        await feed.finish();
      });
      return undefined;
    } catch (thrown) {
      const error = serverError(thrown);
      if (error === undefined || this.#transaction.faultOf(thrown) === "transient")
        throw this.#transaction.failure(thrown, "COPY");
      const line = copyLine(error, this.#transaction.settings.table);
      // Each row is one line: the encoder escapes line ends.
      return { thrown, error, row: line !== undefined && line >= 1 && line <= rows ? line - 1 : undefined };
    }
  }

  #reject(record: number, refusal: Refusal, row: number): void {
    this.#refusals.push(refusal);
    this.#rejects.push({
      record: this.#rows.numberInChunk(record),
      ...(this.#rows.rowsOf(record) > 1 && { output: row }),
      code: "ROW_REFUSED",
      message: describe(refusal.error, this.#transaction.settings.table),
    });
  }

  #commonRefusal(): unknown {
    const [first] = this.#refusals;
    if (first === undefined || this.#taken || faultOf(first.thrown) !== "fatal") return undefined;
    return this.#refusals.every(({ error }) => error.sqlstate === first.error.sqlstate) ? first.thrown : undefined;
  }
}
