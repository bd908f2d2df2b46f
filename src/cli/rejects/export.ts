/** Rejects as a file: whole, one JSON object a line, or their bytes alone, to be corrected and read again. */
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { systemClock } from "../../core/clock.ts";
import { MillraceError } from "../../core/errors.ts";
import { decodeRaw, rejectToJson } from "../../core/reject.ts";
import { messageOf } from "../../core/thrown.ts";
import { formatByName } from "../../formats/catalog.ts";
import { fieldNames } from "../../pipeline/rejects/field-names.ts";
import type { JobRejects } from "../../pipeline/rejects/job-rejects.ts";
import type { RejectWish } from "../../pipeline/rejects/reject-wish.ts";
import type { TextStream } from "../terminal.ts";
import { usageError } from "../usage-error.ts";

/** In which form they leave. */
export type ExportFormat = "jsonl" | "raw";

/** What was written. */
export interface Exported {
  readonly count: number;
}

/**
 * Writes what a wish means.
 *
 * @param to a file; undefined: to `out`
 * @throws MillraceError USAGE where records of different headers cannot stand in one file, SINK_REFUSED
 */
export async function exportRejects(
  rejects: JobRejects,
  wish: RejectWish,
  { format, to, out }: { readonly format: ExportFormat; readonly to: string | undefined; readonly out: TextStream },
): Promise<Exported> {
  const exported = { count: 0 };
  const head = format === "raw" ? await headOf(rejects, wish) : null;
  const pieces = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    if (head !== null) yield head;
    for await (const { ref: _ref, id: _id, takenBy: _taken, ...reject } of rejects.all(wish)) {
      exported.count++;
      yield format === "jsonl" ? Buffer.from(`${rejectToJson(reject)}\n`) : withLineEnd(decodeRaw(reject));
    }
  };
  if (to === undefined) for await (const piece of pieces()) out.write(piece);
  else await writeFile(to, pieces());
  return exported;
}

async function writeFile(to: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    await pipeline(Readable.from(pieces), createWriteStream(to));
  } catch (thrown) {
    if (thrown instanceof MillraceError) throw thrown;
    throw new MillraceError("SINK_REFUSED", `--to ${to}: cannot be written: ${messageOf(thrown)}`, { cause: thrown });
  }
}

function withLineEnd(raw: Buffer): Buffer {
  return Buffer.concat([raw, Buffer.from("\n")]);
}

/** The header that the records need before them to be read as the job reads its files; null: none. */
async function headOf(rejects: JobRejects, wish: RejectWish): Promise<Uint8Array | null> {
  const { plan } = rejects;
  const splits = new Set<string>();
  for await (const { split } of rejects.all(wish)) splits.add(split);
  if (splits.size === 0) return null;
  const names = await fieldNames(plan, [...splits], { clock: systemClock });
  const headers = new Map([...splits].map((split) => [JSON.stringify(names(split) ?? null), names(split)]));
  if (headers.size > 1) {
    throw usageError(
      `--format raw: the records of ${[...splits].join(", ")} have different headers and cannot stand in one file; export them as jsonl`,
    );
  }
  const [fields] = headers.values();
  if (fields === undefined || (plan.decode.options as { readonly header?: unknown }).header === false) return null;
  const spec = { ...plan.decode.options, header: true, encoding: "utf-8" };
  const columns = fields.map((name) => ({ name }));
  return formatByName("csv").encoder({
    ...{ sink: "export", format: "csv", options: spec, columns, needsColumns: true, onUnknownField: "error" },
  }).head;
}
