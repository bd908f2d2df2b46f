import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { WriteOutcome } from "../../../../../src/core/ports/sink.ts";
import { MillraceError } from "../../../../../src/core/errors.ts";
import {
  FROM_THE_START,
  openWriter,
  type optionsOf,
  type Outputs,
  PatientHost,
  rowsOf,
  ScriptedServer,
  type Surroundings,
} from "./scripted-server.ts";

/** One unit with one chunk, up to its answers. */
async function write(
  given: Parameters<typeof optionsOf>[0],
  records: readonly Outputs[],
  surroundings: Surroundings,
  attached: readonly string[] = [],
): Promise<WriteOutcome | undefined> {
  await using writer = await openWriter(given, surroundings);
  const unit = await writer.begin("fast", null);
  await unit.write(rowsOf(records, attached), { ...FROM_THE_START, ordinal: 40n });
  return (await unit.answers?.())?.[0];
}

function numbered(count: number): { readonly id: number }[] {
  return Array.from({ length: count }, (_, id) => ({ id }));
}

describe("a request", () => {
  test("is a record as JSON, with a key made of what it is", async () => {
    const server = new ScriptedServer();
    await write({ method: "PUT" }, numbered(2), { server });
    const key = createHash("sha256").update('["push","run-1","sink","orders.jsonl"] 41 0 1').digest("base64url");
    expect(server.seen[1]).toEqual({
      method: "PUT",
      url: "https://api.example.com/items",
      headers: { "content-type": "application/json", "idempotency-key": key },
      body: '{"id":1}',
    });
  });

  test.each([
    ["json", "application/json", '[{"id":0},{"id":1}]'],
    ["jsonl", "application/x-ndjson", '{"id":0}\n{"id":1}\n'],
  ] as const)("of a batch is %s", async (format, type, body) => {
    const server = new ScriptedServer();
    await write({ batch: { format, records: 2 } }, numbered(3), { server });
    expect(server.seen[0]).toMatchObject({ body, headers: { "content-type": type } });
    expect(server.seen[1]?.body).toContain('{"id":2}');
  });

  test("of a batch stays below its bytes, and a longer record goes alone", async () => {
    const server = new ScriptedServer();
    const long = { id: "x".repeat(40) };
    await write({ batch: { bytes: 30 } }, [...numbered(4), long, { id: 5 }], { server });
    expect(server.bodies).toEqual([numbered(3), [{ id: 3 }], [long], [{ id: 5 }]]);
  });

  test("of a batch holds outputs of one record together where they fit", async () => {
    const server = new ScriptedServer();
    await write({ batch: { records: 3 } }, [numbered(2), numbered(2), numbered(4)], { server });
    expect(server.bodies).toEqual([numbered(2), numbered(2), numbered(3), [{ id: 3 }]]);
  });

  test("has its own name for the key, or none", async () => {
    const server = new ScriptedServer();
    await write({ idempotencyKey: "X-Request-Key" }, numbered(1), { server });
    await write({ idempotencyKey: false }, numbered(1), { server });
    expect(Object.keys(server.seen[0]?.headers ?? {})).toEqual(["content-type", "x-request-key"]);
    expect(Object.keys(server.seen[1]?.headers ?? {})).toEqual(["content-type"]);
  });

  test("takes address, method and headers from fields; a batch ends where they change", async () => {
    const server = new ScriptedServer();
    const given = {
      url: "https://api.example.com/{tenant}/items?by={user}",
      method: { field: "do" },
      headers: { "X-User": { field: "user" }, "X-Fixed": "1" },
      batch: { records: 10 },
    };
    const row = { tenant: "a/b", user: "ü & co", do: "put" };
    const records = [row, row, { ...row, user: null }, { ...row, tenant: "c", user: "" }, { ...row, do: "delete" }];
    const outcome = await write(given, records, { server }, ["tenant", "user", "do"]);
    expect(
      server.seen.map(({ method, url, headers }) => `${method} ${url} ${headers["x-user"]} ${headers["x-fixed"]}`),
    ).toEqual([
      "PUT https://api.example.com/a%2Fb/items?by=%C3%BC%20%26%20co ü & co 1",
      "PUT https://api.example.com/c/items?by=  1",
      "DELETE https://api.example.com/a%2Fb/items?by=%C3%BC%20%26%20co ü & co 1",
    ]);
    expect(outcome?.rejects).toMatchObject([{ record: 2, code: "VALUE_NULL" }]);
  });

  test("that deletes what its address names has no body", async () => {
    const server = new ScriptedServer();
    await write({ url: "https://api.example.com/{id}", method: "DELETE" }, numbered(1), { server }, ["id"]);
    await write({ method: "DELETE" }, numbered(1), { server });
    expect(server.seen.map(({ body }) => body)).toEqual(["", '{"id":0}']);
  });
});

describe("a record whose fields make no request", () => {
  test.each([
    ["VALUE_NULL", { url: "https://api.example.com/{v}" }, null],
    ["VALUE_INVALID", { url: "https://api.example.com/{v}" }, ""],
    ["VALUE_INVALID", { url: "https://api.example.com/a/{v}/b" }, ".."],
    ["VALUE_INVALID", { url: "https://api.example.com/.{v}" }, "."],
    ["VALUE_INVALID", { headers: { "x-v": { field: "v" } } }, "a\r\nx-evil: 1"],
    ["VALUE_INVALID", { headers: { "x-v": { field: "v" } } }, "zł"],
    ["VALUE_INVALID", { method: { field: "v" } }, "GET"],
    ["VALUE_NULL", { method: { field: "v" } }, null],
  ])("is rejected with %s, and none of its outputs is sent: %j %j", async (code, given, v) => {
    const server = new ScriptedServer();
    const good = { v: "PUT" };
    const outcome = await write(given, [good, [good, { v }], good], { server }, ["v"]);
    expect(outcome?.rejects).toMatchObject([{ record: 1, output: 1, code }]);
    expect(server.seen).toHaveLength(2);
  });
});

describe("what a server refuses", () => {
  test.each([400, 403, 404, 409, 413, 422])("is a reject with what it said: %i", async (status) => {
    const server = new ScriptedServer();
    server.says = ({ body }) => (body.includes(":1}") ? { status, body: "bad id" } : 200);
    const outcome = await write({ concurrency: 2 }, numbered(3), { server });
    expect(outcome?.rejects).toEqual([
      { record: 1, code: "ROW_REFUSED", message: expect.stringContaining(`answered ${status}: bad id`) },
    ]);
  });

  test("of a batch is found by halves, each with a key of its own", async () => {
    const server = new ScriptedServer();
    server.says = ({ body }) => (/:[36]}/.test(body) ? 422 : 200);
    const outcome = await write({ batch: { records: 8 } }, numbered(8), { server });
    expect(outcome?.rejects.map(({ record }) => record)).toEqual([3, 6]);
    const taken = server.seen.filter(({ body }) => !/:[36]}/.test(body));
    expect(taken.flatMap(({ body }) => JSON.parse(body))).toHaveLength(6);
    expect(new Set(server.seen.map(({ headers }) => headers["idempotency-key"])).size).toBe(server.seen.length);
  });

  test("of a record with several outputs is one reject, and halving keeps them together", async () => {
    const server = new ScriptedServer();
    server.says = ({ body }) => (body.includes("bad") ? 422 : 200);
    const records = [{ id: 0 }, [{ id: 1 }, { id: "bad" }, { id: "bad" }], { id: 2 }];
    const outcome = await write({ batch: { records: 8 } }, records, { server });
    expect(outcome?.rejects).toMatchObject([{ record: 1, output: 0 }]);
    expect(server.bodies.filter((_, index) => !server.seen[index]?.body.includes("bad"))).toEqual([
      [{ id: 0 }],
      [{ id: 2 }],
    ]);
  });

  test.each([401, 407, 304])("for everybody ends the run: %i", async (status) => {
    const server = new ScriptedServer();
    server.says = () => status;
    await expect(write({}, numbered(2), { server })).rejects.toMatchObject({ code: "SINK_REFUSED" });
    expect(server.seen).toHaveLength(1);
  });
});

describe("what passes by itself", () => {
  test("is sent again with the same key and body, as often as it takes", async () => {
    const server = new ScriptedServer();
    const host = new PatientHost();
    const answers = [503, 429, new MillraceError("SINK_UNAVAILABLE", "cut"), 408, 200];
    server.says = () => answers.shift() ?? 200;
    await expect(write({}, numbered(1), { server, host })).resolves.toEqual({ rejects: [] });
    expect(server.seen).toHaveLength(5);
    expect(new Set(server.seen.map((seen) => JSON.stringify(seen))).size).toBe(1);
    expect(host.retried).toHaveLength(4);
  });

  test("fails the unit when it lasts, and nothing is begun any more", async () => {
    const server = new ScriptedServer();
    server.says = () => 503;
    const failing = write({}, numbered(100), { server, host: new PatientHost(2) });
    await expect(failing).rejects.toMatchObject({ code: "RETRIES_EXHAUSTED" });
    expect(server.seen).toHaveLength(3);
  });

  test("is tried once where nobody waits", async () => {
    const server = new ScriptedServer();
    server.says = () => 503;
    await expect(write({}, numbered(1), { server })).rejects.toMatchObject({ code: "SINK_UNAVAILABLE" });
    expect(server.seen).toHaveLength(1);
  });
});

describe("a batch's reply", () => {
  const batch = { records: 4 };

  test("tells which records were refused, and which are sent again, each alone", async () => {
    const server = new ScriptedServer();
    const items = [
      { status: 201 },
      { status: 422, error: { why: "bad" } },
      { status: 429 },
      { status: 200, error: null },
    ];
    server.says = ({ body }) => {
      const sent = JSON.parse(body) as unknown[];
      return { status: 207, body: JSON.stringify({ items: sent.length === 1 ? [{ status: 200 }] : items }) };
    };
    const response = { items: "/items", status: "/status", error: "/error" };
    const outcome = await write({ batch, response }, numbered(4), { server });
    expect(outcome?.rejects).toEqual([
      { record: 1, code: "ROW_REFUSED", message: expect.stringContaining('{"why":"bad"}') },
    ]);
    expect(server.bodies).toEqual([numbered(4), [{ id: 2 }]]);
  });

  test("may name records by their numbers, and leave out those that were taken", async () => {
    const server = new ScriptedServer();
    server.says = () => ({ status: 200, body: '{"failed":[{"n":2,"reason":"bad"}]}' });
    const response = { items: "/failed", index: "/n", error: "/reason", missing: "taken" as const };
    const outcome = await write({ batch, response }, numbered(4), { server });
    expect(outcome?.rejects.map(({ record }) => record)).toEqual([2]);
  });

  test.each([
    ["no JSON", "oops"],
    ["no array", '{"items":{}}'],
    ["a record without an entry", '{"items":[{"status":200}]}'],
    ["a record of no batch", '{"items":[{"status":200,"n":7}]}'],
    ["a record twice", '{"items":[{"status":200,"n":0},{"status":200,"n":0}]}'],
    ["an entry without a status", '{"items":[{"n":0},{"n":1}]}'],
  ])("that does not fit ends the run: %s", async (_, body) => {
    const server = new ScriptedServer();
    server.says = () => ({ status: 200, body });
    const index = body.includes('"n"') ? { index: "/n" } : {};
    const failing = write({ batch, response: { items: "/items", status: "/status", ...index } }, numbered(2), {
      server,
    });
    await expect(failing).rejects.toMatchObject({ code: "SINK_FAILED" });
  });
});
