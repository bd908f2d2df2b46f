/** Reads JSON lines. */
import type { ColumnsInput, InferredRecord, NamesInput, NoFields } from "../core/inferred-record.ts";
import type { DataRecord } from "../core/record.ts";
import type { Input } from "./input.ts";
import type { ReadOptions } from "./read-options.ts";
import { readRecords } from "./read-records.ts";
import type { RecordStream } from "./record-stream.ts";

/** Options of {@link readJsonl}: those of all readers. */
export type ReadJsonlOptions<
  C extends ColumnsInput = ColumnsInput,
  Names extends NamesInput = NamesInput,
> = ReadOptions<C, Names>;

/**
 * The values of JSON lines, one a line, from files or from bytes that the program makes or receives, in constant memory.
 *
 * With declared columns each line has to be an object. Integers beyond 2^53 keep their digits only in a column that is
 * declared `bigint` or `decimal`: JSON.parse reads the others.
 *
 * @param input a path or glob, a list of them, or bytes; `.gz` and `.zst` are inflated
 * @throws MillraceError while iterating: SOURCE_NOT_FOUND, SOURCE_FAILED, and the code of the first bad record unless
 *   there is an `onReject`
 * @example
 * for await (const event of readJsonl<Event>("events.jsonl.zst")) seen.add(event.user);
 */
export function readJsonl<T = DataRecord>(input: Input, options?: ReadOptions<NoFields>): RecordStream<T>;
export function readJsonl<const C extends ColumnsInput, const Names extends NamesInput = NoFields>(
  input: Input,
  options: ReadJsonlOptions<C, Names>,
): RecordStream<InferredRecord<C, unknown, Names>>;
export function readJsonl(input: Input, options: ReadJsonlOptions = {}): RecordStream<unknown> {
  return readRecords(input, { ...options, caller: "readJsonl", format: "jsonl", formatOptions: {} });
}
