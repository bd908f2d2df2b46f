/** Makes something else of each record. */
import { MillraceError } from "../core/errors.ts";
import { batchesOf, type Items } from "../runtime/batches-of.ts";
import { RecordStream } from "./record-stream.ts";

/**
 * What `change` makes of each record, in their order.
 *
 * @param change synchronous; its error ends the stream
 * @throws MillraceError USAGE while iterating, when `change` gives a promise: `mapConcurrent` of millrace/batch waits for them
 * @example
 * const totals = map(orders, (order) => ({ id: order.id, total: order.price * order.quantity }));
 */
export function map<T, Out>(records: Items<T>, change: (record: T, index: number) => Out): RecordStream<Out> {
  return new RecordStream(() => mapped(records, change));
}

async function* mapped<T, Out>(
  records: Items<T>,
  change: (record: T, index: number) => Out,
): AsyncGenerator<readonly Out[]> {
  let index = 0;
  for await (const batch of batchesOf(records)) {
    const changed: Out[] = [];
    for (const record of batch) {
      const value = change(record, index++);
      // A function that gives one promise is asynchronous and gives nothing else: one look a batch is enough.
      if (changed.push(value) === 1) assertNoPromise(value);
    }
    yield changed;
  }
}

function assertNoPromise(value: unknown): void {
  if (!(value instanceof Promise)) return;
  value.catch(() => {}); // it was never meant to be waited for
  throw new MillraceError(
    "USAGE",
    "map: the function gave a promise; for asynchronous work take mapConcurrent of millrace/batch",
  );
}
