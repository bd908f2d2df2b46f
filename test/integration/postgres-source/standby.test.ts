/** What a standby can be read for: it has no primary here, and so is behind by all the time since its last transaction. */
import { expect, test } from "vitest";
import { usePostgres } from "../../support/postgres.ts";
import { resolvePostgres, rowsOf } from "../../support/postgres-source.ts";

const postgres = usePostgres();

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
