/** The Postgres source as a test binds it. */
import { z } from "zod";
import { postgresSourceShape } from "../../src/connectors/postgres/options.ts";
import { postgresSource } from "../../src/connectors/postgres/source/source.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { DecodeSpec } from "../../src/core/ports/format.ts";
import type { SharedObjects } from "../../src/core/ports/shared-objects.ts";
import type { BoundSource, SplitPlan } from "../../src/core/ports/source.ts";
import { originPosition, type Position } from "../../src/core/position.ts";
import { formatByName } from "../../src/formats/catalog.ts";
import { lend } from "../../src/spi/conformance/split-content.ts";

/** How rows of COPY are decoded, before their table was looked at. */
export const COPY_DECODE: DecodeSpec = { format: "pg-copy", options: {}, columns: {}, maxRecordBytes: 1024 ** 2 };

const schema = z.strictObject(postgresSourceShape);

/** Looks at a table as a job would. */
export function resolvePostgres(
  options: z.input<typeof schema>,
  decode: Partial<DecodeSpec> = {},
  shared?: SharedObjects,
): Promise<BoundSource> {
  const around = { baseDir: import.meta.dirname, clock: systemClock, job: "test", format: formatByName("pg-copy") };
  const context = { ...around, ...(shared && { shared }) };
  return postgresSource.resolve(schema.parse(options), { ...context, decode: { ...COPY_DECODE, ...decode } });
}

/** The rows of a split as COPY text, from a position on. */
export async function rowsOf(source: BoundSource, split: SplitPlan, from?: Position): Promise<readonly string[]> {
  const begin = from ?? originPosition(split.origin);
  await using reader = await source.open(split, begin, new AbortController().signal);
  const rows: string[] = [];
  if (reader.kind !== "frames") throw new TypeError("rows of COPY are framed");
  for (let batch = await reader.read(4096, lend); batch !== undefined; batch = await reader.read(4096, lend)) {
    let start = 0;
    for (const end of batch.ends) {
      rows.push(Buffer.from(batch.memory.bytes.slice(start, end - 1)).toString("utf8"));
      start = end;
    }
  }
  return rows;
}
