/** What all writers do: find the columns, open the target with the first records, write until there are no more. */
import type { EncodeSpec, Encoder } from "../core/ports/format.ts";
import { typedColumns } from "../core/typed-columns.ts";
import { formatByName } from "../formats/catalog.ts";
import { untilAborted } from "../runtime/abortable.ts";
import { batchesOf, type Items } from "../runtime/batches-of.ts";
import { RowWriter } from "./row-writer.ts";
import type { RowTarget } from "./row-target.ts";
import type { WriteOptions, WriteSummary } from "./write-options.ts";

/** A destination that knows what its rows have to look like. */
export interface Destination extends AsyncDisposable {
  readonly encode: EncodeSpec;
  /**
   * Opens it.
   *
   * @param columns the output columns; null for a format that needs none, and where there was no record to tell them
   * @param head what stands before the first row
   */
  open(columns: readonly string[] | null, head: Uint8Array): Promise<RowTarget>;
}

/** Writes all records; whatever happens, the target is closed. */
export async function writeRecords(
  records: Items<unknown>,
  destination: Destination,
  { onReject = "throw", signal }: { readonly [Key in "onReject" | "signal"]?: WriteOptions[Key] | undefined },
): Promise<WriteSummary> {
  await using opened = new AsyncDisposableStack();
  let writer: RowWriter | undefined;
  for await (const batch of untilAborted(batchesOf(records), signal)) {
    writer ??= await begin(destination, batch, opened, onReject);
    await writer.write(batch);
  }
  writer ??= await begin(destination, [], opened, onReject);
  return await writer.finish();
}

async function begin(
  destination: Destination,
  first: readonly unknown[],
  opened: AsyncDisposableStack,
  onReject: NonNullable<WriteOptions["onReject"]>,
): Promise<RowWriter> {
  const { encode } = destination;
  const found = encode.columns?.map(({ name }) => name) ?? (encode.needsColumns ? unionOfKeys(first) : null);
  const columns = found !== null && found.length === 0 ? null : found;
  const encoder = encoderFor(encode, columns);
  const target = opened.use(await destination.open(columns, encoder.head));
  return new RowWriter(encoder, target, onReject);
}

function encoderFor(encode: EncodeSpec, columns: readonly string[] | null): Encoder {
  const output = columns && typedColumns(encode, columns);
  return formatByName(encode.format).encoder({ ...encode, columns: output });
}

/** Names of all fields of the first records, in the order in which they appear. */
function unionOfKeys(records: readonly unknown[]): readonly string[] {
  const keys = new Set<string>();
  for (const record of records) {
    if (typeof record !== "object" || record === null || Array.isArray(record)) continue;
    for (const key of Object.keys(record)) keys.add(key);
  }
  return [...keys];
}
