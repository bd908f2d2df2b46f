import { beforeEach, describe, expect, it } from "vitest";
import { MillraceError } from "../../../src/core/errors.ts";
import { HttpCalls } from "../../../src/http/http.ts";
import { createHttp, path, statusOf } from "../../../src/http/index.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { type Answer, ScriptedClient } from "./scripted-client.ts";

const URL_ = "https://api.test/v2";
const gone = new MillraceError("SOURCE_UNAVAILABLE", "http: connection refused");
const ok = { status: 200, body: '{"id":7}' };

describe("millrace/http", () => {
  let clock: FakeClock;
  beforeEach(() => {
    clock = new FakeClock(0);
  });

  /** A client with pauses of 100 ms, 200 ms, 400 ms, ... for a second, that is answered as told. */
  function answered(...answers: Answer[]) {
    const client = new ScriptedClient(...answers);
    const retry = { for: 1_000, initialDelay: 100, maxDelay: 400 };
    const options = { url: URL_, concurrency: 2, maxBytes: 1_000, retry };
    return { client, api: new HttpCalls(options, { client, clock, random: () => 1 }) };
  }

  /** What a call comes to, once as much time has passed as it takes. */
  async function outcomeOf<T>(call: Promise<T>): Promise<T | MillraceError> {
    const outcome = call.catch((thrown: unknown) => thrown as MillraceError);
    await clock.advance(2_000);
    return outcome;
  }

  it("gets JSON from below its own address, with parameters and headers", async () => {
    const { api, client } = answered(ok);
    const headers = { "X-Tenant": "a" };
    expect(await api.getJson("users/7", { query: { full: true, page: undefined }, headers })).toEqual({ id: 7 });
    await api.getJson("/users/8");
    expect(client.calls.map(({ method, url, headers: sent }) => [method, url.href, sent])).toEqual([
      ["GET", "https://api.test/v2/users/7?full=true", { "x-tenant": "a" }],
      ["GET", "https://api.test/v2/users/8", {}],
    ]);
  });

  it("posts JSON, and has nothing for an answer without a body", async () => {
    const { api, client } = answered({ status: 201, body: '{"id":1}' }, { status: 204 });
    expect(await api.postJson("users", { name: "Ada", id: 9_007_199_254_740_993n })).toEqual({ id: 1 });
    expect(await api.postJson("users", { name: "Bob" })).toBeUndefined();
    const [{ body, headers } = {}] = client.calls;
    expect([Buffer.from(body ?? []).toString(), headers]).toEqual([
      '{"name":"Ada","id":9007199254740993}',
      { "content-type": "application/json" },
    ]);
  });

  it.each([404, 410])("findJson() is undefined at %i, where getJson() throws", async (status) => {
    const { api } = answered({ status });
    expect(await api.findJson("users/7")).toBeUndefined();
    const error = await api.getJson("users/7").catch((thrown: unknown) => thrown);
    expect([error, statusOf(error)]).toMatchObject([
      { code: "REQUEST_FAILED", message: "/v2/users/7 answered 404".replace("404", `${status}`) },
      status,
    ]);
  });

  it("tries again what may pass, and says how often it did when it gives up", async () => {
    const { api, client } = answered(gone, { status: 503 }, ok);
    expect(await outcomeOf(api.getJson("a"))).toEqual({ id: 7 });
    expect([client.calls.length, api.stats]).toMatchObject([3, { sent: 3, repeated: 2, active: 0 }]);

    const down = answered({ status: 503, body: "overloaded" });
    expect(await outcomeOf(down.api.getJson("a"))).toMatchObject({
      message: "GET https://api.test/v2/a answered 503 Service Unavailable: overloaded (sent 4 times)",
      fault: "transient",
      details: { status: 503 },
    });
    expect(await outcomeOf(down.api.request("a"))).toMatchObject({ status: 503, ok: false });
    expect(await outcomeOf(answered(gone).api.request("a"))).toMatchObject({ code: "REQUEST_FAILED" });
  });

  it("waits as long as the server asks, and not at all where that is longer than it would", async () => {
    const { api, client } = answered({ status: 429, headers: { "retry-after": "1" } }, ok);
    const call = api.getJson("a");
    await clock.advance(999);
    expect(client.calls).toHaveLength(1);
    await clock.advance(1);
    expect([await call, client.calls.length]).toEqual([{ id: 7 }, 2]);
    const later = answered({ status: 429, headers: { "retry-after": "2" } });
    await expect(later.api.getJson("a")).rejects.toThrow("GET https://api.test/v2/a answered 429 Too Many Requests");
    expect(later.client.calls).toHaveLength(1);
  });

  it.each([
    ["GET", 500, {}, 4],
    ["POST", 500, {}, 1],
    ["POST", 429, {}, 4],
    ["POST", 500, { headers: { "Idempotency-Key": "k" } }, 4],
    ["POST", 500, { repeatable: true }, 4],
    ["GET", 500, { repeatable: false }, 1],
    ["GET", 404, {}, 1],
  ])("sends a %s that is answered %i as often as it may: %o, %i", async (method, status, how, times) => {
    const { api, client } = answered({ status });
    await outcomeOf(api.request("a", { method, ...how }));
    expect(client.calls).toHaveLength(times);
  });

  it("sends so many at once and no more; a call that is aborted gives its turn away", async () => {
    const { api, client } = answered("silence");
    const stop = new AbortController();
    const calls = [0, 1, 2, 3].map(() => api.getJson("a", { signal: stop.signal }).catch((error: unknown) => error));
    await clock.advance(1);
    expect([client.calls.length, api.stats]).toMatchObject([2, { active: 2, waiting: 2 }]);
    stop.abort();
    expect(await Promise.all(calls)).toMatchObject([0, 1, 2, 3].map(() => ({ code: "ABORTED" })));
    expect([client.mostUnderWay, api.stats]).toMatchObject([2, { active: 0, waiting: 0 }]);
  });

  it("ends a call at its time, also one that waits", async () => {
    const { api } = answered("silence");
    const calls = [1, 2, 3].map(() => outcomeOf(api.getJson("a", { timeout: "300ms" })));
    const message = "there was no answer within 300ms (timeout)";
    expect(await Promise.all(calls)).toMatchObject([1, 2, 3].map(() => ({ code: "REQUEST_FAILED", message })));
  });

  it("ends its calls and its connections when it is disposed of", async () => {
    const { api, client } = answered("silence");
    const call = outcomeOf(api.getJson("a"));
    await api[Symbol.asyncDispose]();
    expect([await call, client.closed]).toMatchObject([{ code: "CLOSED" }, true]);
  });

  it("says of an answer that is no JSON what it is", async () => {
    const { api } = answered({ status: 200, body: "<html>", headers: { "content-type": "text/html" } });
    await expect(api.getJson("a?key=secret")).rejects.toThrow(
      "https://api.test/v2/a answered 200 with no JSON (text/html)",
    );
  });

  it.each([
    "https://elsewhere.test/v2/users",
    "../admin",
    "/../v1/users",
    "http://api.test/v2/a",
    "a/%2e%2e/../../admin",
  ])("sends nothing to %s, which is not below its own address", async (address) => {
    const { api, client } = answered(ok);
    await expect(api.getJson(address)).rejects.toMatchObject({
      code: "REQUEST_FAILED",
      message: expect.stringMatching(/ lies outside of the client's `url`, https:\/\/api\.test\/v2\/$/),
    });
    expect(client.calls).toEqual([]);
  });

  it("takes no part of an address for another host", async () => {
    const { api, client } = answered(ok);
    await api.getJson("//elsewhere.test/users");
    expect(client.calls[0]?.url.href).toBe("https://api.test/v2/elsewhere.test/users");
  });

  it("takes whole addresses alone where it has none of its own", async () => {
    const client = new ScriptedClient(ok);
    const retry = { for: 0, initialDelay: 0, maxDelay: 0 };
    const api = new HttpCalls(
      { url: undefined, concurrency: 1, maxBytes: 1, retry },
      { client, clock, random: () => 1 },
    );
    await api.getJson(new URL("https://any.test/a"));
    expect(client.calls[0]?.url.href).toBe("https://any.test/a");
    await expect(api.getJson("a")).rejects.toThrow("expected a whole address, since the client has no `url`");
  });

  it("keeps the parameters of its own address in every call", async () => {
    const client = new ScriptedClient(ok);
    const options = {
      url: "https://api.test/?version=2",
      concurrency: 1,
      maxBytes: 1,
      retry: { for: 0, initialDelay: 0, maxDelay: 0 },
    };
    const api = new HttpCalls(options, { client, clock, random: () => 1 });
    await api.getJson("a?x=1");
    expect(client.calls[0]?.url.href).toBe("https://api.test/a?x=1&version=2");
  });

  it.each([
    [{ url: "ftp://a.test" }, "createHttp: url: "],
    [{ auth: { type: "bearer", token: "t" } }, "createHttp: auth: needs `url`"],
    [{ timeout: "soon" }, "createHttp: timeout"],
    [{ concurrency: 0 }, "createHttp: concurrency: expected at least 1"],
  ] as const)("createHttp(%o) is refused", async (options, message) => {
    await expect(createHttp(options)).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining(message),
    });
  });
});

describe("path``", () => {
  it("escapes what is filled in", () => {
    expect(path`users/${"a/b?c#d e"}/cards/${7n}?from=${"x&y=z"}`).toBe(
      "users/a%2Fb%3Fc%23d%20e/cards/7?from=x%26y%3Dz",
    );
  });

  it.each(["", ".", ".."])("refuses %j", (value) => {
    expect(() => path`users/${value}`).toThrow(`"${value}" cannot be a part of an address`);
  });
});
