/** Every way into Postgres that `bench insert` compares takes every type to the same rows. */
import { text } from "node:stream/consumers";
import { Client } from "pg";
import { to } from "pg-copy-streams";
import { beforeAll, expect, test } from "vitest";
import { binaryRows, unwrittenColumn } from "../../../src/bench/insert/binary-rows.ts";
import { cutUnits, joined } from "../../../src/bench/insert/rows.ts";
import { timedLoad } from "../../../src/bench/insert/timed-load.ts";
import { WAYS, wayInto } from "../../../src/bench/insert/ways.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { readTable, type TableColumn } from "../../../src/postgres/catalogue.ts";
import { connect } from "../../../src/postgres/connect.ts";
import type { Connection } from "../../../src/postgres/connection.ts";
import { quoteIdentifier } from "../../../src/postgres/identifiers.ts";
import { usePostgres } from "../../support/postgres.ts";
import { createEveryType, createTypes } from "../postgres-source/every-type.ts";

const postgres = usePostgres();

beforeAll(async () => {
  await createTypes(postgres.server);
  await createEveryType(postgres.server, "every", true);
});

/** Rows as COPY gives them. */
async function copyOf(table: string, columns: readonly TableColumn[]): Promise<string> {
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(", ");
  const client = new Client({ connectionString: postgres.server.url() });
  await client.connect();
  try {
    return await text(client.query(to(`COPY (SELECT ${names} FROM ${table} ORDER BY id) TO STDOUT`)));
  } finally {
    await client.end();
  }
}

test.each(WAYS)("%s", async (name) => {
  const target = { url: postgres.server.url(), applicationName: "test" };
  await using connection = await connect(target);
  const columns = await columnsFor(connection, name);
  const way = wayInto(name, { table: "loaded" }, columns);
  await using session = await connect({ ...target, pipelined: way.pipelined });
  await connection.query("DROP TABLE IF EXISTS loaded; CREATE TABLE loaded (LIKE every)");
  const expected = await copyOf("every", columns);
  const lines = expected.split(/(?<=\n)/);
  let end = 0;
  const rowEnds = Int32Array.from(lines, (line) => (end += Buffer.byteLength(line)));
  const rows = joined("sink", [{ bytes: Buffer.from(expected), rowEnds }]);
  const sample = await timedLoad({
    way,
    connection: session,
    into: { table: "loaded" },
    units: cutUnits(name === "COPY binary" ? binaryRows(rows, columns) : rows, 2_000),
    limitMs: Number.POSITIVE_INFINITY,
    clock: systemClock,
    signal: new AbortController().signal,
  });
  expect(sample).toMatchObject({ rows: lines.length });
  expect(sample.walBytes).toBeGreaterThan(0);
  expect(await copyOf("loaded", columns)).toBe(expected);
});

/** Binary ones are all that have a binary form. */
async function columnsFor(connection: Connection, way: string): Promise<readonly TableColumn[]> {
  const { columns } = await readTable(connection, { table: "every" });
  if (way !== "COPY binary") return columns;
  const written = columns.filter((column) => unwrittenColumn([column]) === undefined);
  expect(written.length).toBeGreaterThan(30);
  return written;
}
