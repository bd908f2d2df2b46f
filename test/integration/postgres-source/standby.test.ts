/** What standbys can be read for, and which of several servers is. */
import { expect, test } from "vitest";
import { EmbeddedPostgres } from "../../support/embedded-postgres.ts";
import { usePostgres } from "../../support/postgres.ts";
import { resolvePostgres, rowsOf } from "../../support/postgres-source.ts";
import { until } from "../../support/until.ts";

const postgres = usePostgres();

/** It has no primary here, and so is behind by all the time since its last transaction. */
test("a standby is read in ranges, as fresh as the job wants it, and incrementally only at a distance", async () => {
  await postgres.server.query("CREATE TABLE orders (id int PRIMARY KEY, updated_at timestamptz)");
  await postgres.server.query("INSERT INTO orders SELECT i, now() - interval '1 day' FROM generate_series(1, 100) i");
  await postgres.server.stop();
  await postgres.server.startAsStandby();
  const options = { url: postgres.server.url(), table: "orders" };

  await using source = await resolvePostgres({ ...options, splits: 3 });
  const rows: (readonly string[])[] = [];
  for (const split of source.splits) rows.push(await rowsOf(source, split));
  expect(rows.flat()).toHaveLength(100);

  await expect(resolvePostgres({ ...options, maxLag: "1m" })).rejects.toMatchObject({
    code: "SOURCE_UNAVAILABLE",
    message: expect.stringMatching(/behind its primary, and maxLag is 60 s/),
  });
  await expect(resolvePostgres({ ...options, incremental: true, cursor: "updated_at" })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringMatching(/source.lag: missing: .* is a standby/),
  });

  const lagging = await resolvePostgres({ ...options, incremental: true, cursor: "updated_at", lag: "1m" });
  await using continued = (await lagging.continueFrom?.([])) ?? lagging;
  // nothing was replayed here, so nobody knows of which time the rows are
  expect(continued.splits).toEqual([]);
});

test("of several servers the first that is fresh enough is read, and the primary where only that will do", async () => {
  await using primary = await EmbeddedPostgres.start();
  await primary.query("CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1)");
  await using standby = await EmbeddedPostgres.standbyOf(primary);
  const options = { url: [standby.url(), primary.url()], table: "orders" };
  const idsBy = async (more: object): Promise<readonly string[]> => {
    await using bound = await resolvePostgres({ ...options, ...more });
    const source = (await bound.continueFrom?.([])) ?? bound;
    const [split] = source.splits;
    return split === undefined ? [] : await rowsOf(source, split);
  };
  const follows = async (rows: number): Promise<true | undefined> =>
    (await standby.query("SELECT FROM orders")).length === rows || undefined;

  await primary.query("INSERT INTO orders VALUES (2)");
  await until("it follows", () => follows(2));
  expect(await idsBy({ maxLag: "1ms" })).toEqual(["1", "2"]);
  await standby.query("SELECT pg_wal_replay_pause()");
  await primary.query("INSERT INTO orders VALUES (3)");
  await until("it knows that it is behind", async () => {
    const behind = "SELECT FROM pg_stat_wal_receiver WHERE pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()";
    return (await standby.query(behind)).length === 1 || undefined;
  });
  expect(await idsBy({})).toEqual(["1", "2"]);
  expect(await idsBy({ maxLag: "1ms" })).toEqual(["1", "2", "3"]);
  expect(await idsBy({ incremental: true, cursor: "id" })).toEqual(["1", "2", "3"]);
  await standby.stop("immediate");
  expect(await idsBy({})).toEqual(["1", "2", "3"]);
});
