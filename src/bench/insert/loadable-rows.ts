/** Leaves out of a sample what the table would refuse: one bad row would end every load. */
import { MillraceError } from "../../core/errors.ts";
import { withoutRecords } from "../../core/output-rows.ts";
import type { SinkOutput } from "../../core/result.ts";
import { rowSlices } from "../../core/row-forms.ts";
import type { Connection } from "../../postgres/connection.ts";
import { copyLine, describe, faultOf, postgresError, serverError } from "../../postgres/errors.ts";
import type { TableName } from "../../postgres/identifiers.ts";
import { type CopyTarget, RowCopies } from "../../postgres/row-copies.ts";
import { inTransaction } from "../../postgres/transaction.ts";
import type { UniqueKey } from "../../postgres/unique-keys.ts";
import { pieces } from "./rows.ts";

/** Rows that the server may refuse; beyond that the sample does not fit the table. */
const MOST_REFUSED = 100;

/** Without rows that a later one of the same key takes the place of, or would be refused for. */
export function apartByKeys(text: SinkOutput, columns: readonly string[], keys: readonly UniqueKey[]): SinkOutput {
  return keys.reduce((rows, key) => apartByKey(rows, columns, key), text);
}

function apartByKey(text: SinkOutput, columns: readonly string[], key: UniqueKey): SinkOutput {
  const places = key.columns.map((name) => columns.indexOf(name));
  if (places.includes(-1)) return text;
  const last = new Map<string, number>();
  const double = new Set<number>();
  for (const [row, line] of Buffer.from(text.bytes).toString("latin1").split("\n").slice(0, -1).entries()) {
    const fields = line.split("\t");
    const values = places.map((place) => fields[place] ?? "");
    if (!key.nullsAlike && values.includes("\\N")) continue;
    const value = values.join("\t");
    const earlier = last.get(value);
    if (earlier !== undefined) double.add(earlier);
    last.set(value, row);
  }
  return without(text, double);
}

/** The server's word on a row. */
interface Refusal {
  readonly row: number;
  readonly why: string;
}

/**
 * Copies all rows once, and takes out those that the server names. Where it names none, whoever loads them will meet the
 * same.
 *
 * @throws MillraceError SINK_REFUSED when there are too many; SINK_UNAVAILABLE
 */
export async function loadableRows(
  connection: Connection,
  into: TableName,
  columns: readonly string[],
  text: SinkOutput,
): Promise<SinkOutput> {
  const target = { into, columns, binary: false };
  const refused = new Set<number>();
  const isNamed = await inTransaction(connection, async () => {
    for (const [begin, end] of pieces(text)) {
      for (let from = begin; from < end; ) {
        const refusal = await copied(connection, target, text, from, end);
        if (refusal === "taken") break;
        if (refusal === "unnamed") return false;
        refused.add(refusal.row);
        if (refused.size > MOST_REFUSED || refused.size === text.rows) throw tooMany(refusal, refused.size, text.rows);
        if ((await copied(connection, target, text, from, refusal.row)) !== "taken") return false;
        from = refusal.row + 1;
      }
    }
    return true;
  });
  return isNamed ? without(text, refused) : text;
}

/** Copies some rows; none of them is in the table when one is refused. */
async function copied(
  connection: Connection,
  target: CopyTarget,
  text: SinkOutput,
  begin: number,
  end: number,
): Promise<"taken" | "unnamed" | Refusal> {
  if (begin === end) return "taken";
  await connection.query("SAVEPOINT millrace_bench");
  try {
    const feed = await RowCopies.open(connection, target, 0);
    for (const slice of rowSlices(text, begin, end)) await feed.write(slice);
    await feed.finish();
    await connection.query("RELEASE SAVEPOINT millrace_bench");
    return "taken";
  } catch (thrown) {
    const error = serverError(thrown);
    const fault = faultOf(thrown);
    if (error === undefined || fault === "transient") throw postgresError(thrown, "bench insert: copying the rows");
    await connection.query("ROLLBACK TO SAVEPOINT millrace_bench");
    const line = fault === "record" ? copyLine(error, target.into.table) : undefined;
    return line === undefined ? "unnamed" : { row: begin + line - 1, why: describe(error, target.into.table) };
  }
}

function tooMany({ why }: Refusal, refused: number, rows: number): MillraceError {
  return new MillraceError(
    "SINK_REFUSED",
    `bench insert: the server refuses ${refused} of ${rows} rows and more may follow, the last one for: ${why}; ` +
      "mend the transform, or measure without the table's constraints: --no-indexes",
  );
}

function without(text: SinkOutput, rows: ReadonlySet<number>): SinkOutput {
  if (rows.size === 0) return text;
  const left = withoutRecords(text, rows);
  return { ...left, recordOfRow: Int32Array.from(left.rowEnds.keys()) };
}
