/** `millrace/streams`: read, filter, map, aggregate and write records in a program, in constant memory. */
export type { GroupRecord, MeasureSpec } from "../aggregate/spec.ts";
export type { ColumnsInput, InferredRecord } from "../core/inferred-record.ts";
export type { Items } from "../runtime/batches-of.ts";
export { type AggregateOptions, aggregate } from "./aggregate.ts";
export type { ByteSource, Input } from "./input.ts";
export { filter } from "./filter.ts";
export { map } from "./map.ts";
export { type ReadCsvOptions, readCsv } from "./read-csv.ts";
export { type ReadJsonlOptions, readJsonl } from "./read-jsonl.ts";
export type { ReadOptions } from "./read-options.ts";
export { RecordStream } from "./record-stream.ts";
export type { OnReject, RejectedInput, RejectedOutput, StreamReject } from "./stream-reject.ts";
export { type WriteCsvOptions, writeCsv } from "./write-csv.ts";
export { type WriteJsonlOptions, writeJsonl } from "./write-jsonl.ts";
export type { WriteOptions, WriteSummary } from "./write-options.ts";
export { type WritePostgresOptions, writePostgres } from "./write-postgres.ts";
