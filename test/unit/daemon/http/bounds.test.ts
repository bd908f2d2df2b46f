import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { until } from "../../../support/until.ts";
import { connect, serve } from "./ask.ts";

const HASTY = { headersMs: 40, requestMs: 80, keepAliveMs: 20, lookEveryMs: 10 };
const GET = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n";
const POST = "POST /api/jobs/orders/run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

describe("a request", () => {
  test("with headers beyond the bound is a 431", async () => {
    await using served = await serve();
    const many = Array.from({ length: 1_000 }, (_, at) => `X-Header-${at}: ${"x".repeat(20)}\r\n`).join("");
    for (const headers of [`X-Long: ${"x".repeat(17_000)}\r\n`, many]) {
      expect(await served.raw(`${GET}${headers}\r\n`)).toMatch(
        /^HTTP\/1\.1 431 .*application\/problem\+json.*"status":431/s,
      );
    }
    expect((await served.ask("/healthz")).status).toBe(200);
  });

  test("with a body beyond the bound is a 413, announced or not", async () => {
    await using served = await serve();
    const body = { reason: "x".repeat(70_000) };
    expect((await served.post("/api/jobs/orders/pause", body)).status).toBe(413);
    const chunk = `${(70_000).toString(16)}\r\n${"x".repeat(70_000)}\r\n`;
    expect(await served.raw(`${POST}Transfer-Encoding: chunked\r\n\r\n${chunk}`)).toMatch(
      /^HTTP\/1\.1 413 .*connection: close/s,
    );
    expect(served.runtime.asked).toEqual([]);
  });

  test("that asks first is only told to go on where its body is wanted", async () => {
    await using served = await serve();
    const asking = (type: string): string =>
      `POST /api/jobs/orders/run HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: 2\r\nExpect: 100-continue\r\n`;
    expect(await served.raw(`${asking("text/plain")}\r\n`)).toMatch(/^HTTP\/1\.1 415 /);
    expect(await served.raw(`${asking("application/json")}Connection: close\r\n\r\n{}`)).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 202 /,
    );
    expect(await served.raw(`${GET}Expect: cake\r\n\r\n`)).toMatch(/^HTTP\/1\.1 417 .*application\/problem\+json/s);
  });

  test.each([
    ["no headers at all", ""],
    ["half of its headers", GET],
  ])("that never gets further than %s is a 408", async (_name, bytes) => {
    await using served = await serve({ limits: HASTY });
    expect(await served.raw(bytes)).toMatch(/^HTTP\/1\.1 408 .*application\/problem\+json/s);
  });

  test("whose body never comes is a 408", async () => {
    await using served = await serve({ limits: HASTY });
    expect(await served.raw(`${POST}Content-Length: 10\r\n\r\n{`)).toMatch(/^HTTP\/1\.1 408 /);
    expect(served.runtime.asked).toEqual([]);
  });

  test.each([
    ["no HTTP", "hello\r\n\r\n", 400],
    ["a method nobody knows", "FETCH / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400],
    ["two lengths", `${POST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, 400],
    ["a length and chunks", `${POST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    ["CONNECT", "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n", 405],
    ["TRACE", "TRACE /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405],
    ["an upgrade", `${GET}Connection: upgrade, close\r\nUpgrade: websocket\r\n\r\n`, 200],
  ])("that is %s is answered", async (_name, bytes, status) => {
    await using served = await serve();
    expect(await served.raw(bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });
});

describe("a connection", () => {
  test("that lies idle is closed", async () => {
    await using served = await serve({ limits: { ...HASTY, keepAliveMs: 20 } });
    expect(await served.raw(`${GET}\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("too many is not served, the others go on", async () => {
    await using served = await serve({ limits: { connections: 2 } });
    const kept = await Promise.all([connect(served.port, GET), connect(served.port, GET)]);
    expect(await served.raw(`${GET}\r\n`)).toBe("");
    for (const socket of kept) {
      socket.write("\r\n");
      expect(String((await once(socket, "data"))[0])).toMatch(/^HTTP\/1\.1 200 /);
      socket.destroy();
    }
  });

  test("whose client does not read the metrics is cut off, and others are served meanwhile", async () => {
    await using served = await serve();
    const { runtime } = served;
    const large = "x".repeat(32 * 1024 * 1024);
    runtime.registry.metrics = () => Promise.resolve(large);
    const slow = await connect(served.port, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    slow.pause();
    await until("the reply begins", () => (runtime.clock.pendingTimers > 0 ? true : undefined));
    expect((await served.ask("/healthz")).status).toBe(200);
    await runtime.clock.advance(30_000);
    let bytes = 0;
    slow.on("data", (part) => {
      bytes += part.length;
    });
    slow.resume();
    await once(slow, "close");
    expect(bytes).toBeLessThan(large.length);
    expect(runtime.clock.pendingTimers).toBe(0);
  });
});

describe("RouteServer.close()", () => {
  test("lets a request under way finish, and takes no more", async () => {
    await using served = await serve();
    const metrics = Promise.withResolvers<string>();
    const heard = Promise.withResolvers<void>();
    served.runtime.registry.metrics = () => {
      heard.resolve();
      return metrics.promise;
    };
    const asked = served.raw("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await heard.promise;
    const closing = served.server.close({ deadlineMs: 1_000 });
    await expect(served.ask("/healthz")).rejects.toThrow();
    metrics.resolve("m 1\n");
    expect(await asked).toMatch(/^HTTP\/1\.1 200 .*connection: close.*m 1\n$/s);
    await closing;
    expect(served.runtime.clock.pendingTimers).toBe(0);
  });

  test("cuts off what is not done by the deadline", async () => {
    await using served = await serve();
    served.runtime.registry.metrics = () => new Promise(() => {});
    const asked = served.raw("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const half = served.raw(GET);
    await served.ask("/healthz");
    const closing = served.server.close({ deadlineMs: 1_000 });
    await served.runtime.clock.advance(1_000);
    await closing;
    expect(await Promise.all([asked, half])).toEqual(["", ""]);
  });
});
