/** Whether the job's own table takes COPY, as the catalogue has it: asking COPY itself could set off triggers. */
import type { Table } from "../../postgres/catalogue.ts";
import type { Connection } from "../../postgres/connection.ts";

const TAKES_COPY = `
SELECT row_security_active($1::oid) AS secured,
  EXISTS (SELECT FROM pg_trigger WHERE tgrelid = $1::oid AND tgtype & 68 = 68) AS instead`;

/** Why the server refuses it; null: it does not. Throws what the driver throws. */
export async function copyRefusal(connection: Connection, { oid, kind }: Table): Promise<string | null> {
  const { rows } = await connection.query(TAKES_COPY, [oid]);
  if (rows[0]?.["secured"] === true) return "row-level security holds for this role, and COPY is not supported with it";
  if (kind === "view" && rows[0]?.["instead"] !== true)
    return "a view without an INSTEAD OF INSERT trigger takes no COPY";
  return null;
}
