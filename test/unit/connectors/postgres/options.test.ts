import { describe, expect, test } from "vitest";
import { z } from "zod";
import { postgresSinkShape } from "../../../../src/connectors/postgres/options.ts";

const schema = z.strictObject(postgresSinkShape);
const target = { url: "postgres://etl@db/shop", table: "orders" };

describe("postgresSinkShape", () => {
  test("fills in what is usual", () => {
    expect(schema.parse(target)).toEqual({
      ...target,
      mode: "append",
      copy: "auto",
      onUnknownField: "error",
      createTable: false,
      stateSchema: "millrace",
    });
  });

  test("reads durations", () => {
    const options = schema.parse({
      ...target,
      statementTimeout: "30s",
      pool: { max: 3, idleTimeout: "1m", maxLifetime: "1h" },
    });
    expect(options).toMatchObject({
      statementTimeout: 30_000,
      pool: { max: 3, idleTimeout: 60_000, maxLifetime: 3_600_000 },
    });
  });

  test.each([{ mode: "merge" }, { pool: { max: 0 } }, { columns: [] }, { statementTimeout: "soon" }, { tabel: "x" }])(
    "refuses %j",
    (wrong) => {
      expect(schema.safeParse({ ...target, ...wrong }).success).toBe(false);
    },
  );
});
