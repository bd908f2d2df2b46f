import { describe, expect, test } from "vitest";
import { MillraceError } from "../../../src/core/errors.ts";
import {
  connectError,
  copyLine,
  describe as describeError,
  faultOf,
  postgresError,
  serverError,
} from "../../../src/postgres/errors.ts";

/** An error as the driver makes it from what the server sends. */
function fromServer(code: string, message = "no", fields: object = {}): Error {
  return Object.assign(new Error(message), { severity: "ERROR", code, ...fields });
}

/** The same, as errors.ts reads it. */
function read(code: string, message: string, fields: object = {}) {
  const error = serverError(fromServer(code, message, fields));
  return error ?? expect.unreachable("it is a server's error");
}

/** The classes of the documentation's appendix A, by what they mean. */
const CLASSES = {
  transient: ["08", "40", "53", "57", "58"],
  record: ["22", "23"],
  fatal: [
    ...[
      "00",
      "01",
      "02",
      "03",
      "09",
      "0A",
      "0B",
      "0F",
      "0L",
      "0P",
      "0Z",
      "10",
      "20",
      "21",
      "24",
      "25",
      "26",
      "27",
      "28",
    ],
    ...["2B", "2D", "2F", "34", "38", "39", "3B", "3D", "3F", "42", "44", "54", "55", "F0", "HV", "P0", "XX", "ZZ"],
  ],
} as const;

describe("faultOf()", () => {
  for (const [fault, classes] of Object.entries(CLASSES)) {
    test.each(classes)(`takes class %s of SQLSTATE for ${fault}`, (category) => {
      expect([`${category}000`, `${category}P0Z`].map((code) => faultOf(fromServer(code)))).toEqual([fault, fault]);
    });
  }

  test.each([
    ["a lock that was not to be had", "55P03", "transient"],
    ["a server that is read-only", "25006", "transient"],
    ["a session that idled", "25P03", "transient"],
    ["a transaction that took too long", "25P04", "transient"],
    ["a trigger's RAISE", "P0001", "record"],
    ["a failed transaction", "25P02", "fatal"],
  ])("takes %s (%s) for %s", (_name, code, fault) => {
    expect(faultOf(fromServer(code))).toBe(fault);
  });

  test("takes a broken protocol for the connection's fault, but inside a COPY for a row's", () => {
    const message = "insufficient data left in message";
    expect(faultOf(fromServer("08P01", message))).toBe("transient");
    expect(faultOf(fromServer("08P01", message, { where: "COPY t, line 3, column n" }))).toBe("record");
  });

  test.each(["ECONNRESET", "ECONNREFUSED", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN"])(
    "takes a socket's %s for transient",
    (code) => {
      expect(faultOf(Object.assign(new Error("write"), { code }))).toBe("transient");
    },
  );

  test.each([
    "Connection terminated unexpectedly",
    "timeout expired",
    "Client has encountered a connection error and is not queryable",
  ])("takes the driver's %j for transient", (message) => {
    expect(faultOf(new Error(message))).toBe("transient");
  });

  test("takes anything else for fatal, and an error of ours for what it says", () => {
    expect(faultOf(new Error("boom"))).toBe("fatal");
    expect(faultOf("boom")).toBe("fatal");
    expect(faultOf(new MillraceError("FENCED", "no", { fault: "transient" }))).toBe("transient");
  });
});

describe("postgresError()", () => {
  test("says what was done, what the server said and what to do", () => {
    const cause = fromServer("42501", "permission denied for table t");
    const error = postgresError(cause, 'sink "sink": COPY');
    expect(error).toMatchObject({ code: "SINK_REFUSED", fault: "fatal", cause, details: { sqlstate: "42501" } });
    expect(error.message).toBe(
      'sink "sink": COPY: permission denied for table t (42501); grant the role what it lacks, or use another role',
    );
  });

  test.each([
    ["08006", "SINK_UNAVAILABLE"],
    ["22003", "ROW_REFUSED"],
    ["42P01", "SINK_REFUSED"],
    ["XX000", "SINK_FAILED"],
  ])("gives %s the code %s", (sqlstate, code) => {
    expect(postgresError(fromServer(sqlstate), "x").code).toBe(code);
  });

  test("tells table, column, constraint and line apart as details", () => {
    const where = 'COPY orders, line 12, column amount: "1e99"';
    const error = postgresError(fromServer("22003", "numeric field overflow", { where }), "x", { copyOf: "orders" });
    expect(error.details).toEqual({ sqlstate: "22003", table: "orders", column: "amount", line: 12 });
    const named = { table: "t", column: "n", constraint: "c", schema: "public" };
    expect(postgresError(fromServer("23502", "no", named), "x").details).toEqual({
      sqlstate: "23502",
      table: "t",
      column: "n",
      constraint: "c",
    });
  });

  test("takes the caller's word for the fault, and passes an error of ours on", () => {
    expect(postgresError(fromServer("54000"), "x", { fault: "record" })).toMatchObject({
      code: "ROW_REFUSED",
      fault: "record",
    });
    const ours = new MillraceError("FENCED", "no");
    expect(postgresError(ours, "x")).toBe(ours);
    expect(postgresError("boom", "x")).toMatchObject({ code: "SINK_REFUSED", message: "x: boom" });
  });
});

describe("connectError()", () => {
  test("joins the errors of a host with several addresses", () => {
    const refused = (address: string) => new Error(`connect ECONNREFUSED ${address}:5432`);
    const both = Object.assign(new AggregateError([refused("::1"), refused("127.0.0.1")], ""), {
      code: "ECONNREFUSED",
    });
    expect(connectError(both, "etl@localhost:5432/shop")).toMatchObject({
      code: "SINK_UNAVAILABLE",
      message:
        "cannot connect to postgres etl@localhost:5432/shop: connect ECONNREFUSED ::1:5432, connect ECONNREFUSED 127.0.0.1:5432; " +
        "check that the server runs and that host and port are right",
    });
  });
});

describe("describe()", () => {
  test("adds column and constraint where the message leaves them out, and the key", () => {
    expect(describeError(read("23502", 'null value in column "n"', { column: "n" }))).toBe(
      'null value in column "n" (23502)',
    );
    expect(describeError(read("23514", "no", { constraint: "c" }))).toBe('no (23514), constraint "c"');
    const key = { constraint: "t_pkey", detail: "Key (id)=(5) already exists." };
    expect(describeError(read("23505", 'duplicate "t_pkey"', key))).toBe(
      'duplicate "t_pkey" (23505): Key (id)=(5) already exists.',
    );
    expect(describeError(read("23514", "no", { detail: "Failing row contains (secret)." }))).toBe("no (23514)");
  });
});

describe("copyLine()", () => {
  test.each([
    ["COPY t, line 5", "t", 5],
    ['COPY t, line 5, column n: "x, line 9"', "t", 5],
    ["PL/pgSQL function f() line 3 at RAISE\nCOPY t, line 7", "t", 7],
    ["COPY a, line 3, line 8", "a, line 3", 8],
    ["COPY t, Zeile 4, Spalte n", "t", 4],
    ["COPY other, line 5", "t", undefined],
    ["PL/pgSQL function f() line 3 at RAISE", "t", undefined],
    ["COPY t, somewhere", "t", undefined],
    ["", "t", undefined],
  ])("reads %j", (where, table, line) => {
    expect(copyLine(read("22P02", "no", { where }), table)).toBe(line);
  });
});

test("serverError() takes a socket's error for none", () => {
  expect(serverError(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }))).toBeUndefined();
  expect(serverError(undefined)).toBeUndefined();
});
