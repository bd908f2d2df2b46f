import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import type { HttpCall } from "../../../../../src/connectors/http/client/port.ts";
import { clientWith, get, never, serve, textOf } from "./support.ts";

/** Answers with what it was asked. */
const mirror = () =>
  serve((request, response) => {
    let body = "";
    request.on("data", (piece) => (body += String(piece)));
    request.on("end", () => {
      const { method, url, headers } = request;
      response.end(JSON.stringify({ method, url, headers, body }));
    });
  });

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

describe("HttpClient.send()", () => {
  test("sends method, path, query, headers and body with its length", async () => {
    await using server = await mirror();
    await using client = await clientWith({}, { headers: { "X-Tenant": "a", accept: "text/plain" } });
    const call: HttpCall = {
      method: "POST",
      url: new URL(`${server.base}/items?page=2#part`),
      headers: { accept: "application/json" },
      body: new TextEncoder().encode("{}"),
    };
    const reply = await client.send(call, { signal: never, maxBytes: 4096 });
    const seen = JSON.parse(textOf(reply)) as Seen;
    expect(seen).toMatchObject({ method: "POST", url: "/items?page=2", body: "{}" });
    expect(seen.headers).toMatchObject({
      "x-tenant": "a",
      accept: "application/json",
      "content-length": "2",
      "user-agent": "millrace",
      "accept-encoding": "gzip, br, zstd",
    });
    expect(seen.headers["transfer-encoding"]).toBeUndefined();
    expect(reply.url.pathname).toBe("/items");
  });

  test.each([
    [
      { type: "basic", username: "etl", password: "p:ß" } as const,
      "authorization",
      `Basic ${btoa("etl:p:\u00c3\u009f")}`,
    ],
    [{ type: "bearer", token: "t0ken" } as const, "authorization", "Bearer t0ken"],
    [{ type: "apiKey", name: "X-Key", value: "k3y-value", in: "header" } as const, "x-key", "k3y-value"],
  ])("proves who it is by %o", async (auth, header, value) => {
    await using server = await mirror();
    await using client = await clientWith({ auth });
    const seen = JSON.parse(textOf(await get(client, `${server.base}/`))) as Seen;
    expect(seen.headers[header]).toBe(value);
  });

  test("adds a key to the query, and shows it nowhere", async () => {
    await using server = await mirror();
    const auth = { type: "apiKey", name: "api key", value: "k3y&value", in: "query" } as const;
    await using client = await clientWith({ auth });
    const reply = await get(client, `${server.base}/items?a=1`);
    expect((JSON.parse(textOf(reply)) as Seen).url).toBe("/items?a=1&api%20key=k3y%26value");
    expect(reply.url.href).toBe(`${server.base}/items?a=1`);
  });

  test("takes user and password of the address where there is no auth", async () => {
    await using server = await mirror();
    await using client = await clientWith();
    const reply = await get(client, `${server.base.replace("//", "//etl:s3cr%40t@")}/`);
    expect((JSON.parse(textOf(reply)) as Seen).headers["authorization"]).toBe(`Basic ${btoa("etl:s3cr@t")}`);
  });

  test("keeps connections, and counts them and the requests under way", async () => {
    await using server = await serve((_request, response) => void setImmediate(() => response.end("{}")));
    await using client = await clientWith({}, { connections: 2 });
    const replies = Array.from({ length: 12 }, () => get(client, `${server.base}/`));
    expect(client.stats.requests).toBe(12);
    await Promise.all(replies);
    expect(server.connections).toBe(2);
    expect(client.stats).toEqual({ connections: 2, requests: 0 });
  });

  test("ends at once when its signal is aborted, before and after it was sent", async () => {
    await using server = await serve(() => undefined);
    await using client = await clientWith();
    const stop = new AbortController();
    const call = { method: "GET", url: new URL(server.base) };
    const waiting = client.send(call, { signal: stop.signal, maxBytes: 1 });
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
    await expect(client.send(call, { signal: stop.signal, maxBytes: 1 })).rejects.toMatchObject({ code: "ABORTED" });
    expect(client.stats.requests).toBe(0);
  });

  test("listens to few signals at a time, and to none once it is closed", async () => {
    await using server = await serve((_request, response) => void response.end());
    const client = await clientWith();
    const stops = Array.from({ length: 30 }, () => new AbortController());
    const listeners = () => stops.flatMap(({ signal }) => getEventListeners(signal, "abort")).length;
    const last = client.open({ method: "GET", url: new URL(server.base) }, { signal: never });
    for (const { signal } of stops)
      await client.send({ method: "GET", url: new URL(server.base) }, { signal, maxBytes: 9 });
    expect(listeners()).toBeLessThanOrEqual(8);
    await (await last)[Symbol.asyncDispose]();
    await client[Symbol.asyncDispose]();
    expect(listeners()).toBe(0);
  });

  test("ends when the client is closed", async () => {
    await using server = await serve(() => undefined);
    const client = await clientWith();
    const waiting = get(client, server.base);
    const outcome = expect(waiting).rejects.toMatchObject({ code: "CLOSED" });
    await client[Symbol.asyncDispose]();
    await outcome;
    await client[Symbol.asyncDispose]();
    await expect(get(client, server.base)).rejects.toMatchObject({ code: "CLOSED", fault: "fatal" });
  });

  test("refuses a header that a record makes invalid as that record's fault, on the sink's side", async () => {
    await using client = await clientWith({}, { side: "sink", name: "sink" });
    const call = { method: "POST", url: new URL("http://127.0.0.1:1/"), headers: { "x-id": "a\nb" } };
    const sent = client.send(call, { signal: never, maxBytes: 1 });
    await expect(sent).rejects.toMatchObject({
      code: "SINK_REFUSED",
      fault: "record",
      message:
        "sink.headers: POST http://127.0.0.1:1/ cannot be sent: invalid x-id header; a header may not hold control characters",
    });
  });
});

describe("createHttpClient()", () => {
  test.each([
    [{}, { headers: { "a b": "c" } }, "source.headers.a b: a header cannot have that name or value"],
    [{ auth: { type: "bearer", token: "a\nb" } as const }, {}, "source.auth.token: no header can hold that"],
    [
      { tls: { ca: "-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----" } },
      {},
      expect.stringContaining("source.tls: "),
    ],
    [
      {},
      { env: { HTTPS_PROXY: "not an address, but s3cret" } },
      "source.proxy: HTTP_PROXY or HTTPS_PROXY of the environment is no address of a proxy; write http://host:port, with user:password@ before the host where it asks for them",
    ],
  ])("refuses what cannot be used: %o %o", async (connection, about, message) => {
    await expect(clientWith(connection, about)).rejects.toMatchObject({ code: "CONFIG_INVALID", message });
  });

  test("names the key of a certificate that cannot be read", async () => {
    const message = "source.tls.ca: cannot read nowhere.pem; expected PEM text or the path of a PEM file";
    await expect(clientWith({ tls: { ca: "nowhere.pem" } })).rejects.toMatchObject({
      code: "CONFIG_UNREADABLE",
      message,
    });
  });
});
