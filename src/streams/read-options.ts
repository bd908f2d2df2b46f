/** What all readers may be told. */
import type { ColumnsInput, NamesInput } from "../core/inferred-record.ts";
import type { Compression } from "../core/ports/compression.ts";
import type { OnReject, RejectedInput } from "./stream-reject.ts";

/** Options that do not depend on the format. */
export interface ReadOptions<C extends ColumnsInput = ColumnsInput, Names extends NamesInput = NamesInput> {
  /** Declared types of fields, as in a job. */
  readonly columns?: C;
  /** The fields to read, by the source's names, in the order in which a record has them; all when absent. */
  readonly select?: readonly string[];
  /** New names by the source's. */
  readonly rename?: Names;
  /** By the extension or the first bytes when absent. */
  readonly compression?: Compression;
  /** How much compressed data may inflate to before it is taken for a bomb: times its own size, and bytes in all. */
  readonly inflate?: { readonly maxRatio?: number; readonly maxBytes?: number | string };
  /** A longer record is a reject; bytes, 1 MiB by default. */
  readonly maxRecordBytes?: number;
  /** What becomes of a record that cannot be read; `throw` by default. */
  readonly onReject?: OnReject<RejectedInput>;
  /** Ends the reading with ABORTED. */
  readonly signal?: AbortSignal;
}
