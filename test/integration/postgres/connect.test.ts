import { once } from "node:events";
import net from "node:net";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { MillraceError } from "../../../src/core/errors.ts";
import { connect } from "../../../src/postgres/connect.ts";
import { usePostgres } from "../../support/postgres.ts";

const postgres = usePostgres();

/** What connecting to a url fails with. */
function failure(url: string, options: Partial<Parameters<typeof connect>[0]> = {}): Promise<MillraceError> {
  return connect({ url, applicationName: "test", ...options }).then(
    () => expect.unreachable("it connected"),
    (thrown: MillraceError) => thrown,
  );
}

describe("connect()", () => {
  test("says where, as whom and what to do when the password is wrong, and never the password", async () => {
    const { port } = postgres.server;
    const error = await failure(postgres.server.url({ password: "hunter2" }));
    expect(error).toMatchObject({ code: "SINK_REFUSED", fault: "fatal", details: { sqlstate: "28P01" } });
    expect(error.message).toBe(
      `cannot connect to postgres postgres@127.0.0.1:${port}/postgres: password authentication failed for user "postgres" ` +
        "(28P01); check user and password in the url, and the server's pg_hba.conf",
    );
    expect(inspect(error, { depth: 9 })).not.toContain("hunter2");
  });

  test("refuses an unknown database", async () => {
    const error = await failure(postgres.server.url({ database: "shop" }));
    expect(error).toMatchObject({ code: "SINK_REFUSED", fault: "fatal" });
    expect(error.message).toContain('database "shop" does not exist (3D000); create the database, or correct the url');
  });

  test("can be tried again when the server is down", async () => {
    const error = await failure("postgres://etl:hunter2@127.0.0.1:1/shop");
    expect(error).toMatchObject({ code: "SINK_UNAVAILABLE", retryable: true });
    expect(error.message).toBe(
      "cannot connect to postgres etl@127.0.0.1:1/shop: connect ECONNREFUSED 127.0.0.1:1; " +
        "check that the server runs and that host and port are right",
    );
  });

  test("can be tried again when the host is not known", async () => {
    const error = await failure("postgres://etl@no-such-host.invalid/shop");
    expect(error).toMatchObject({ code: "SINK_UNAVAILABLE", retryable: true });
  });

  test("gives up on a server that accepts and never answers", async () => {
    const mute = net.createServer().listen(0, "127.0.0.1");
    await once(mute, "listening");
    const { port } = mute.address() as net.AddressInfo;
    const error = await failure(`postgres://etl@127.0.0.1:${port}/shop`, { connectTimeoutMs: 100 });
    expect(error).toMatchObject({ code: "SINK_UNAVAILABLE" });
    expect(error.message).toContain("timeout expired");
    mute.close();
  });

  test("ends when it is aborted", async () => {
    const mute = net.createServer().listen(0, "127.0.0.1");
    await once(mute, "listening");
    const { port } = mute.address() as net.AddressInfo;
    const abort = new AbortController();
    const failed = failure(`postgres://etl@127.0.0.1:${port}/shop`, { signal: abort.signal });
    await once(mute, "connection");
    abort.abort();
    expect(await failed).toMatchObject({ code: "ABORTED" });
    expect(await failure(postgres.server.url(), { signal: abort.signal })).toMatchObject({ code: "ABORTED" });
    mute.close();
  });

  test("refuses a server that speaks no TLS when TLS is asked for", async () => {
    const error = await failure(postgres.server.url(), { ssl: true });
    expect(error).toMatchObject({ code: "SINK_REFUSED" });
    expect(error.message).toContain("The server does not support SSL connections; check url and ssl");
  });

  test.each(["http://etl:hunter2@host/shop", "postgres://etl:hunter2@host:port/shop", "orders"])(
    "refuses %s as a url without repeating it",
    async (url) => {
      const error = await failure(url);
      expect(error).toMatchObject({ code: "CONFIG_INVALID" });
      expect(inspect(error, { depth: 9 })).not.toContain("hunter2");
    },
  );
});

describe("Connection", () => {
  test("gives the last result of several statements, and knows whether it is inside a transaction", async () => {
    await using connection = await connect({ url: postgres.server.url(), applicationName: "test" });
    expect(await connection.query("SELECT 1 AS a; SELECT 2 AS b")).toMatchObject({
      command: "SELECT",
      rows: [{ b: 2 }],
      rowCount: 1,
    });
    expect(connection.idle).toBe(true);
    await connection.query("BEGIN");
    expect(connection.idle).toBe(false);
  });

  test("remembers that the server ended it, instead of ending the process", async () => {
    await using connection = await connect({ url: postgres.server.url(), applicationName: "victim" });
    await postgres.server.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'",
    );
    await expect.poll(() => connection.lost?.message).toMatch(/terminat/);
    expect(connection.idle).toBe(false);
    await expect(connection.query("SELECT 1")).rejects.toThrow("not queryable");
  });
});
