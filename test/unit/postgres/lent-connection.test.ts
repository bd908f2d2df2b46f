import { PassThrough, Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import type { Connection, QueryResult } from "../../../src/postgres/connection.ts";
import { LentConnection } from "../../../src/postgres/lent-connection.ts";
import { inTransaction } from "../../../src/postgres/transaction.ts";

const DONE: QueryResult = { command: "COMMIT", rows: [], rowCount: 0, fields: [] };

function lend(session: Partial<Connection> = {}) {
  const told: string[] = [];
  const connection: Connection = {
    label: "etl@db/shop",
    lost: undefined,
    idle: true,
    query: async (text) => {
      told.push(text);
      return DONE;
    },
    copyFrom: () => Object.assign(new PassThrough(), { rowCount: 0 }),
    copyTo: () => Readable.from(["1\n"]),
    cancel: async () => {},
    [Symbol.asyncDispose]: async () => {},
    ...session,
  };
  const lent = new LentConnection(connection, "millrace o'clock run-1", {
    release: async () => void told.push("released"),
    discard: async () => void told.push("discarded"),
  });
  return { lent, told };
}

describe("LentConnection", () => {
  test("gives its transactions the name of its borrower, whatever is in it", async () => {
    const { lent, told } = lend();
    await inTransaction(lent, async () => {});
    expect(told[0]).toContain(";SET LOCAL application_name = 'millrace o''clock run-1';");
  });

  test("goes back once, and is of no use after that", async () => {
    const { lent, told } = lend();
    await lent.query("SELECT 1");
    await lent[Symbol.asyncDispose]();
    await lent[Symbol.asyncDispose]();
    await lent.discard();
    expect(told).toEqual(["SELECT 1", "released"]);
    await expect(lent.query("SELECT 2")).rejects.toMatchObject({ code: "INVARIANT" });
    expect(() => lent.copyTo("COPY t TO STDOUT", 1)).toThrow("used after its return");
  });

  test("is ended where the server still owes an answer", async () => {
    const { lent, told } = lend({ query: () => new Promise(() => {}) });
    void lent.query("SELECT pg_sleep(60)");
    await lent[Symbol.asyncDispose]();
    expect(told).toEqual(["discarded"]);
  });

  test("is ended unless a COPY was read to its end", async () => {
    const read = lend();
    for await (const _rows of read.lent.copyTo("COPY t TO STDOUT", 1));
    await read.lent[Symbol.asyncDispose]();
    expect(read.told).toEqual(["released"]);
    const left = lend();
    left.lent.copyTo("COPY t TO STDOUT", 1);
    await left.lent[Symbol.asyncDispose]();
    expect(left.told).toEqual(["discarded"]);
  });

  test("is ended in the middle of a COPY, and not when that was refused", async () => {
    const left = lend();
    left.lent.copyFrom("COPY t FROM STDIN");
    await left.lent[Symbol.asyncDispose]();
    expect(left.told).toEqual(["discarded"]);
    const refused = lend();
    refused.lent.copyFrom("COPY t FROM STDIN").emit("error", new Error("no such table"));
    await refused.lent[Symbol.asyncDispose]();
    expect(refused.told).toEqual(["released"]);
  });

  test("is ended once it was cancelled, for the next borrower could be hit", async () => {
    const { lent, told } = lend();
    await lent.cancel();
    await lent[Symbol.asyncDispose]();
    expect(told).toEqual(["discarded"]);
  });
});
