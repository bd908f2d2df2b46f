/** Keeps some of the records. */
import { MillraceError } from "../core/errors.ts";
import { batchesOf, type Items } from "../runtime/batches-of.ts";
import { columnsOf, RecordStream } from "./record-stream.ts";

/**
 * The records for which `keep` says true, in their order.
 *
 * @param keep synchronous; its error ends the stream
 * @throws MillraceError USAGE while iterating, when `keep` gives a promise: that would keep every record
 * @example
 * const large = filter(orders, (order) => Number(order.amount) > 100);
 */
export function filter<T, Kept extends T>(
  records: Items<T>,
  keep: (record: T, index: number) => record is Kept,
): RecordStream<Kept>;
export function filter<T>(records: Items<T>, keep: (record: T, index: number) => boolean): RecordStream<T>;
export function filter<T>(records: Items<T>, keep: (record: T, index: number) => boolean): RecordStream<T> {
  return new RecordStream(() => filtered(records, keep), columnsOf(records));
}

async function* filtered<T>(
  records: Items<T>,
  keep: (record: T, index: number) => unknown,
): AsyncGenerator<readonly T[]> {
  let index = 0;
  for await (const batch of batchesOf(records)) {
    const kept: T[] = [];
    for (const record of batch) if (isKept(keep(record, index++))) kept.push(record);
    if (kept.length > 0) yield kept;
  }
}

function isKept(answer: unknown): boolean {
  if (typeof answer === "boolean") return answer;
  if (answer instanceof Promise) {
    answer.catch(() => {}); // it was never meant to be waited for
    throw new MillraceError(
      "USAGE",
      "filter: the function gave a promise; it has to answer at once, with true or false",
    );
  }
  return Boolean(answer);
}
