/**
 * The door of those who write connectors: what a source or sink has to be, the words it is made of, and the cases that
 * prove it.
 */
export {
  type DefinedSink,
  type DefinedSource,
  defineSink,
  defineSource,
  type SinkDefinition,
  type SinkUse,
  type SourceDefinition,
  type SourceUse,
} from "../core/ports/connector.ts";
export type * from "../core/ports/sink.ts";
export type * from "../core/ports/source.ts";
export type * from "../core/ports/shared-objects.ts";
export type * from "../core/ports/format.ts";
export type { Codec, CodecName } from "../core/ports/compression.ts";
export type { Reject } from "../core/reject.ts";
export type { SinkOutput } from "../core/result.ts";
export type { StandardSchema } from "../core/standard-schema.ts";
export { rowsOf, withoutRecords } from "../core/output-rows.ts";
export { addCounts, type Counts, NO_COUNTS } from "../core/ledger.ts";
export { originPosition, type Position, type ProgressKey } from "../core/position.ts";
export { abortError, type Clock, sleep } from "../core/clock.ts";
export { ERROR_CODES, type ErrorCode, type FaultClass, isMillraceError, MillraceError } from "../core/errors.ts";
export type { ChunkMeta, SharedBytes } from "../core/chunk.ts";
export { bindSink, bindSource, type BindOptions } from "./bind.ts";
export type { ConformanceCase } from "./conformance/case.ts";
export { sinkCases, type SinkSubject } from "./conformance/sink-cases.ts";
export type { SinkRecord } from "./conformance/sink/process.ts";
export { sourceCases, type SourceSubject } from "./conformance/source-cases.ts";
