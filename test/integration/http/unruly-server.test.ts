/** The misbehaving server itself: what it says it does to a client is what a plain client meets. */
import { gunzipSync } from "node:zlib";
import { request } from "undici";
import { describe, expect, test } from "vitest";
import { ActingEndpoint } from "../../support/http/acting-endpoint.ts";
import { BodyEndpoint } from "../../support/http/body-endpoint.ts";
import { Coded, CODINGS } from "../../support/http/coding.ts";
import type { Fault } from "../../support/http/fault.ts";
import { type BodyFormat, GeneratedBody } from "../../support/http/generated-body.ts";
import { ItemsApi, type Paging } from "../../support/http/items-api.ts";
import { troubledNetwork } from "../../support/http/network.ts";
import { TokenOffice } from "../../support/http/token-office.ts";
import { UnrulyServer } from "../../support/http/unruly-server.ts";

interface Page {
  readonly data: readonly { readonly id: number }[];
  readonly next: string | null;
}

const ids = (count: number): number[] => Array.from({ length: count }, (_, id) => id);

describe("ItemsApi", () => {
  /** Reads all pages as a simple client would. */
  async function readAll(by: Paging, api: ItemsApi): Promise<readonly number[]> {
    await using server = await UnrulyServer.listen({ routes: { "/items": { endpoint: api } } });
    const read: number[] = [];
    for (let query: string | null = ""; query !== null; ) {
      const reply = await fetch(`${server.url}/items${query}`);
      const page = (await reply.json()) as Page | Page["data"];
      const data = "data" in page ? page.data : page;
      read.push(...data.map(({ id }) => id));
      if (by === "page") query = data.length < 10 ? null : `?page=${read.length / 10 + 1}`;
      else if (by === "offset") query = data.length < 10 ? null : `?offset=${read.length}`;
      else if (by === "link")
        query = /<[^>]*(\?[^>]*)>[^<]*rel=next/.exec(reply.headers.get("link") ?? "")?.[1] ?? null;
      else query = "next" in page && page.next !== null ? `?cursor=${page.next}` : null;
    }
    return read;
  }

  test.each<Paging>(["cursor", "page", "offset", "link"])("gives every item once by %s", async (by) => {
    expect(await readAll(by, new ItemsApi({ total: 47, size: 10, by }))).toEqual(ids(47));
  });

  test("keeps its cursors where they are when rows come in before them, and offsets slip", async () => {
    const shift = { afterPages: 2, rows: 5, kind: "insert" } as const;
    expect(await readAll("cursor", new ItemsApi({ total: 47, size: 10, shift }))).toEqual(ids(47));
    const slipped = await readAll("offset", new ItemsApi({ total: 47, size: 10, by: "offset", shift }));
    expect([slipped.length, new Set(slipped).size]).toEqual([52, 47]);
  });
});

describe("a fault", () => {
  const CASES: readonly (readonly [Fault, (url: string) => Promise<unknown>, RegExp])[] = [
    [{ does: "reset" }, text, /ECONNRESET|other side closed/],
    [{ does: "lose" }, text, /ECONNRESET|other side closed/],
    [{ does: "cut", framing: "length" }, text, /other side closed|ECONNRESET|terminated/],
    [{ does: "cut", framing: "chunked" }, text, /other side closed|ECONNRESET|terminated/],
    [{ does: "cut", framing: "sound" }, async (url) => JSON.parse(await text(url)), /JSON/],
    [{ does: "misdeclare", by: -10 }, async (url) => JSON.parse(await text(url)), /JSON|mismatch/],
    [{ does: "misdeclare", by: 10 }, text, /BodyTimeout/],
    [{ does: "ignore" }, text, /HeadersTimeout/],
    [{ does: "stall", after: 20 }, text, /BodyTimeout/],
  ];
  test.each(CASES)("$does is what a client meets", async (fault, read, met) => {
    const routes = { "/items": { endpoint: new ItemsApi({ total: 20 }), faults: [{ fault, at: [1] }] } };
    await using server = await UnrulyServer.listen({ routes });
    await expect(read(`${server.url}/items`).catch((thrown: unknown) => Promise.reject(shown(thrown)))).rejects.toThrow(
      met,
    );
    expect(JSON.parse(await text(`${server.url}/items`))).toMatchObject({ next: null });
    expect(server.seen.map(({ fault }) => fault)).toEqual([fault, null]);
  });

  test("comes at the same requests for the same seed", async () => {
    const faults = [{ fault: { does: "refuse", status: 503 }, chance: 0.4 }] as const;
    const statuses = async (seed: number): Promise<readonly number[]> => {
      const routes = { "/": { endpoint: new ItemsApi({ total: 1 }), faults } };
      await using server = await UnrulyServer.listen({ routes, seed });
      const all: number[] = [];
      for (let i = 0; i < 30; i++) all.push((await fetch(server.url)).status);
      return all;
    };
    const [first, again, other] = [await statuses(7), await statuses(7), await statuses(8)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    expect(new Set(first)).toEqual(new Set([200, 503]));
  });

  test("Retry-After as a date shows the server's own clock", async () => {
    const retryAfter = { ms: 5_000, as: "date", skewMs: 3_600_000 } as const;
    const faults = [{ fault: { does: "refuse", status: 429, retryAfter } }] as const;
    await using server = await UnrulyServer.listen({
      routes: { "/": { endpoint: new ItemsApi({ total: 1 }), faults } },
    });
    const { headers } = await fetch(server.url);
    const [date, until] = [Date.parse(headers.get("date") ?? ""), Date.parse(headers.get("retry-after") ?? "")];
    expect(until - date).toBe(5_000);
    expect(date).toBeGreaterThan(Date.now() + 3_000_000);
  });

  test("a bomb is small on the way and large behind it", async () => {
    const faults = [{ fault: { does: "bomb", bytes: 64 * 1024 * 1024 } }] as const;
    await using server = await UnrulyServer.listen({
      routes: { "/": { endpoint: new ItemsApi({ total: 1 }), faults } },
    });
    const { body } = await request(server.url);
    const sent = Buffer.from(await body.arrayBuffer());
    expect(sent.byteLength).toBeLessThan(128 * 1024);
    expect(gunzipSync(sent).byteLength).toBe(64 * 1024 * 1024 + 2);
  });
});

describe("BodyEndpoint", () => {
  test.each<BodyFormat>(["jsonl", "csv", "json"])(
    "gives any part of a %s body as it is in the whole",
    async (format) => {
      const body = new GeneratedBody({ format, records: 3_000, width: 61 });
      const whole = Buffer.concat([...body.bytes()]);
      expect(whole.byteLength).toBe(body.size);
      await using server = await UnrulyServer.listen({ routes: { "/": { endpoint: new BodyEndpoint(body) } } });
      for (const from of [0, 1, 64_000, body.size - 1]) {
        const { status, headers, part } = await ranged(server.url, from);
        expect([status, headers.get("content-range")]).toEqual([206, `bytes ${from}-${body.size - 1}/${body.size}`]);
        expect(part.equals(whole.subarray(from)), `from ${from}`).toBe(true);
      }
      const rows = [...body.records()].map(({ id, name }) =>
        format === "csv" ? `${id},${name}` : JSON.stringify({ id, name }),
      );
      for (const row of rows.slice(0, 20)) expect(whole.includes(`${row}${format === "json" ? "," : "\n"}`)).toBe(true);
      if (format === "json") expect(JSON.parse(whole.toString())).toHaveLength(rows.length);
    },
  );

  test("gives a part only of what it was before, and nothing where nothing is new", async () => {
    const endpoint = new BodyEndpoint(new GeneratedBody({ format: "jsonl", records: 10 }));
    await using server = await UnrulyServer.listen({ routes: { "/": { endpoint } } });
    const etag = (await fetch(server.url)).headers.get("etag") ?? "";
    expect((await fetch(server.url, { headers: { "if-none-match": etag } })).status).toBe(304);
    expect((await ranged(server.url, 5, etag)).status).toBe(206);
    endpoint.replace(new GeneratedBody({ format: "jsonl", records: 11 }));
    expect((await fetch(server.url, { headers: { "if-none-match": etag } })).status).toBe(200);
    expect((await ranged(server.url, 5, etag)).status).toBe(200);
  });

  test.each(CODINGS)("is read through %s", async (coding) => {
    const endpoint = new Coded(new BodyEndpoint(new GeneratedBody({ format: "jsonl", records: 10 })), coding);
    await using server = await UnrulyServer.listen({ routes: { "/": { endpoint } } });
    const reply = await fetch(server.url, { headers: { "accept-encoding": coding } });
    expect(reply.headers.get("content-encoding")).toBe(coding);
    if (coding !== "zstd") expect((await reply.text()).split("\n")).toHaveLength(11);
  });
});

test("TokenOffice admits whoever has its newest token, for so many requests", async () => {
  const office = new TokenOffice({ clientId: "a", clientSecret: "b:c", goodFor: 2 });
  const routes = { "/token": { endpoint: office }, "/items": { endpoint: office.guard(new ItemsApi({ total: 1 })) } };
  await using server = await UnrulyServer.listen({ routes });
  const ask = async (token: string): Promise<number> =>
    (await fetch(`${server.url}/items`, { headers: { authorization: `Bearer ${token}` } })).status;
  expect(await ask("none")).toBe(401);
  const authorization = `Basic ${Buffer.from(`a:${encodeURIComponent("b:c")}`).toString("base64")}`;
  const form = new URLSearchParams({ grant_type: "client_credentials" });
  const grant = await fetch(`${server.url}/token`, { method: "POST", headers: { authorization }, body: form });
  const { access_token: token } = (await grant.json()) as { access_token: string };
  expect([await ask(token), await ask(token), await ask(token)]).toEqual([200, 200, 401]);
});

test("ActingEndpoint acts once for a key, and notices a key that stands for two bodies", async () => {
  const endpoint = new ActingEndpoint({ batch: "json", answers: "each", refuses: (id) => id === 2 });
  const faults = [{ fault: { does: "lose" }, at: [1] }] as const;
  await using server = await UnrulyServer.listen({ routes: { "/": { endpoint, faults } } });
  const post = async (key: string, sent: readonly number[]): Promise<unknown> => {
    const body = JSON.stringify(sent.map((id) => ({ id })));
    return (await fetch(server.url, { method: "POST", body, headers: { "idempotency-key": key } })).json();
  };
  await expect(post("k", [1, 2, 3])).rejects.toThrow("fetch failed");
  expect(await post("k", [1, 2, 3])).toEqual({
    results: [{ status: 201 }, { status: 422, error: "bad id 2" }, { status: 201 }],
  });
  expect([endpoint.ids, endpoint.refusals, endpoint.repetitions, endpoint.conflicts]).toEqual([[1, 3], [2], 1, []]);
  await post("k", [4]);
  expect(endpoint.conflicts).toMatchObject([{ key: "k" }]);
});

test("troubledNetwork() breaks connections of every kind, and lets others through", async () => {
  await using server = await UnrulyServer.listen({ routes: { "/": { endpoint: new ItemsApi({ total: 50 }) } } });
  await using network = await troubledNetwork(server.port, { cut: 0.05, cutAfter: 0.05, halve: 0.1, delayMs: 1 }, 3);
  const outcomes = new Map<string, number>();
  for (let i = 0; i < 60; i++) {
    const outcome = await text(`http://127.0.0.1:${network.port}/`).then(
      () => "read",
      () => "broken",
    );
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  expect(outcomes.get("read")).toBeGreaterThan(20);
  expect(outcomes.get("broken")).toBeGreaterThan(5);
  expect(server.seen.length).toBeGreaterThan(outcomes.get("read") ?? 0);
});

async function text(url: string): Promise<string> {
  const { body } = await request(url, { headersTimeout: 200, bodyTimeout: 200 });
  return await body.text();
}

async function ranged(url: string, from: number, etag?: string) {
  const headers = { range: `bytes=${from}-`, ...(etag !== undefined && { "if-range": etag }) };
  const reply = await fetch(url, { headers });
  return { status: reply.status, headers: reply.headers, part: Buffer.from(await reply.arrayBuffer()) };
}

/** With its cause and its name, which are all that some say. */
function shown(thrown: unknown): TypeError {
  const { name, message, code, cause } = thrown as Error & { readonly code?: string };
  return new TypeError(`${name} ${code} ${message} ${String(cause)}`);
}
