/** What all readers do: open the parts of an input one after another and decode them. */
import { MillraceError } from "../core/errors.ts";
import { nearestName } from "../core/nearest.ts";
import type { DecodeSpec } from "../core/ports/format.ts";
import { COLUMN_TYPES, type Columns } from "../core/record.ts";
import { formatByName } from "../formats/catalog.ts";
import { decodeBlocks } from "./decode-blocks.ts";
import { type Input, openParts } from "./input.ts";
import type { ReadOptions } from "./read-options.ts";
import { RecordStream } from "./record-stream.ts";

/** The longest record unless told otherwise, as in a job. */
const MAX_RECORD_BYTES = 1024 ** 2;

/** What a reader knows beside the options that all have. */
export interface ReaderSettings extends ReadOptions {
  /** The function that was called, for messages. */
  readonly caller: string;
  readonly format: string;
  /** The format's own options, checked. */
  readonly formatOptions: DecodeSpec["options"];
}

/** The records of an input. Nothing is opened before they are iterated. */
export function readRecords<T>(input: Input, settings: ReaderSettings): RecordStream<T> {
  const decode = decodeSpec(settings);
  return new RecordStream<T>(
    () => batches(input, settings, decode) as AsyncGenerator<readonly T[]>,
    renamed(decode.columns, decode.rename),
  );
}

async function* batches(
  input: Input,
  { caller, compression, inflate, signal, onReject = "throw" }: ReaderSettings,
  decode: DecodeSpec,
): AsyncGenerator<readonly unknown[]> {
  const decoder = formatByName(decode.format).decoder(decode);
  const { maxRecordBytes } = decode;
  for await (const part of openParts(input, { caller, decode, compression, inflate, signal })) {
    yield* decodeBlocks(part, { decoder, maxRecordBytes, onReject, signal });
  }
}

function decodeSpec(settings: ReaderSettings): DecodeSpec {
  const { format, formatOptions, columns = {}, select, rename, maxRecordBytes = MAX_RECORD_BYTES } = settings;
  const declared = Object.entries(columns).map(([field, column]) => {
    const full = typeof column === "string" ? { type: column } : column;
    assertType(settings.caller, field, full.type);
    return [field, full] as const;
  });
  return {
    format,
    options: formatOptions,
    columns: Object.fromEntries(declared),
    ...(select && { select }),
    ...(rename && { rename }),
    maxRecordBytes,
  };
}

function renamed(columns: Columns, rename: DecodeSpec["rename"] = {}): Columns {
  const named = Object.entries(columns).map(([field, column]) => [
    Object.hasOwn(rename, field) ? rename[field] : field,
    column,
  ]);
  return Object.fromEntries(named) as Columns;
}

/** Programs without TypeScript may spell a type wrong. */
function assertType(caller: string, field: string, type: string): void {
  if (COLUMN_TYPES.some((known) => known === type)) return;
  const nearest = nearestName(type, COLUMN_TYPES);
  const hint = nearest === undefined ? "" : ` (did you mean ${nearest}?)`;
  throw new MillraceError(
    "CONFIG_INVALID",
    `${caller}: columns.${field}: expected one of ${COLUMN_TYPES.join(", ")}, got ${JSON.stringify(type)}${hint}`,
  );
}
