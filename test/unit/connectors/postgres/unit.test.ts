import { Readable, Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { CommitOrder } from "../../../../src/connectors/postgres/sink/commit-order.ts";
import { CopyLoad } from "../../../../src/connectors/postgres/sink/modes/copy-load.ts";
import { CopyUnit } from "../../../../src/connectors/postgres/sink/unit.ts";
import type { Connection } from "../../../../src/postgres/connection.ts";
import { LentConnection } from "../../../../src/postgres/lent-connection.ts";

/** A unit over a session whose COPY takes everything until the test breaks it. */
function makeUnit() {
  const state: { lost: Error | undefined } = { lost: undefined };
  const stream = Object.assign(new Writable({ autoDestroy: false, write: (_chunk, _encoding, done) => done() }), {
    rowCount: 0,
  });
  const connection: Connection = {
    label: "etl@db/shop",
    get lost() {
      return state.lost;
    },
    idle: true,
    query: async () => ({ command: "BEGIN", rows: [], rowCount: 0, fields: [] }),
    copyTo: () => Readable.from([]),
    copyFrom: () => stream,
    cancel: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  const ends = { release: async () => {}, discard: async () => {} };
  const unit = new CopyUnit(
    {
      label: "sink",
      schema: "millrace",
      key: { job: "j", scope: "s", sink: "sink" },
      statementTimeoutMs: undefined,
      order: new CommitOrder(),
      connections: { acquire: async () => new LentConnection(connection, "millrace j r", ends), letGo: () => {} },
    },
    { makeLoad: () => new CopyLoad({ into: { table: "t" }, columns: ["id"], binary: true }), turn: "next" },
  );
  const bytes = new TextEncoder().encode("1\n");
  const output = {
    sink: "sink",
    bytes,
    rows: 1,
    rowEnds: Int32Array.of(2),
    recordOfRow: Int32Array.of(0),
    filtered: 0,
  };
  return { unit, output, break: (error: Error, lost?: Error) => ((state.lost = lost), stream.emit("error", error)) };
}

describe("CopyUnit.write()", () => {
  test("blames the session for whatever is said when it is gone", async () => {
    const { unit, output, ...session } = makeUnit();
    await unit.write(output);
    session.break(new TypeError("cannot read properties of null"), new Error("gone"));
    await expect(unit.write(output)).rejects.toMatchObject({ code: "SINK_UNAVAILABLE", fault: "transient" });
  });

  test("never blames a row for what the server did not say", async () => {
    const { unit, output, ...session } = makeUnit();
    await unit.write(output);
    session.break(new TypeError("cannot read properties of null"));
    await expect(unit.write(output)).rejects.toMatchObject({ fault: "fatal" });
  });

  test("takes any refusal by the server for a row's fault, for the careful unit to find out", async () => {
    const { unit, output, ...session } = makeUnit();
    await unit.write(output);
    session.break(Object.assign(new Error("index row too large"), { severity: "ERROR", code: "54000" }));
    await expect(unit.write(output)).rejects.toMatchObject({ code: "ROW_REFUSED", fault: "record" });
  });
});
