/** Records on their way from a reader to a writer. */
import type { Columns } from "../core/record.ts";
import { Batched } from "../runtime/batched.ts";

/**
 * Records, read as they are asked for.
 *
 * Nothing is opened before the first record is asked for, and everything is closed when the loop over them ends, also by
 * `break` or an error. Iterating again reads again, unless the records come from something that can only be read once.
 *
 * @example
 * for await (const order of readCsv("orders.csv")) total += Number(order.amount);
 */
export class RecordStream<T> extends Batched<T> {
  /** Declared types of the fields, as far as they are known: `filter` keeps them, `map` cannot. */
  readonly columns: Columns;

  constructor(open: () => AsyncIterable<readonly T[]>, columns: Columns = {}) {
    super(open);
    this.columns = columns;
  }
}

/** The declared types that records come with. */
export function columnsOf(records: unknown): Columns {
  return records instanceof RecordStream ? records.columns : {};
}
