/**
 * Tells a table that refuses every row (a trigger that calls what is missing) from rows that are bad.
 *
 * Syntax errors, missing names and the like are mostly nobody's data, so their codes are fatal; but some types and
 * triggers report bad data by them. What tells is the neighbours: does anything pass?
 */
import { faultOf, type ServerError } from "../../../postgres/errors.ts";

/** So many records may be refused alike where the table has taken others before: more than that, and it has broken since. */
const MOST_ALIKE = 100;

/** What one unit has learned of its table. */
export class TableDoubt {
  #taken = false;
  #refused = 0;
  #first: { readonly thrown: unknown; readonly sqlstate: string } | undefined;
  #alike = true;

  /** Rows were taken. */
  tookRows(): void {
    this.#taken = true;
  }

  /** A record was refused. */
  refusedRecord(thrown: unknown, { sqlstate }: ServerError): void {
    this.#refused++;
    this.#first ??= { thrown, sqlstate };
    this.#alike &&= this.#first.sqlstate === sqlstate && faultOf(thrown) === "fatal";
  }

  /**
   * What every record has met, if that is the table's fault; undefined where the records are bad. A single one says
   * nothing of a table, so it is bad.
   *
   * @param writtenBefore whether the table has taken rows in earlier units
   */
  commonError(writtenBefore: boolean): unknown {
    const most = writtenBefore ? MOST_ALIKE : 1;
    return !this.#taken && this.#alike && this.#refused > most ? this.#first?.thrown : undefined;
  }
}
