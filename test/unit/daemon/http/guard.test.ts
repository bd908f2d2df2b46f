import { once } from "node:events";
import net from "node:net";
import { describe, expect, test } from "vitest";
import type { AdminOptions } from "../../../../src/daemon/http/admin-options.ts";
import { serveAdmin } from "../../../../src/daemon/http/server.ts";
import { serve } from "./ask.ts";
import { FakeRuntime } from "./fake-runtime.ts";

const TOKEN = "correct-horse-battery-staple";

describe("serveAdmin() refuses to start", () => {
  const start = async (options: AdminOptions): Promise<string> => {
    const runtime = new FakeRuntime();
    const starting = serveAdmin(runtime, { ...options, clock: runtime.clock });
    return starting.then(
      async (server) => {
        await server.close({ deadlineMs: 0 });
        return "started";
      },
      (thrown: Error & { code: string }) => `${thrown.code} ${thrown.message}`,
    );
  };

  test.each([["0.0.0.0"], ["::"], [""], ["192.168.0.1"], ["etl.example.com"]])(
    "on %j without a token",
    async (host) => {
      const told = await start({ host, port: 0 });
      expect(told).toMatch(
        /^USAGE admin\.host .* reaches beyond this machine and there is no admin\.token: set one, or /,
      );
      expect(await start({ host, port: 0, token: "" })).toBe(told);
    },
  );

  test.each([["127.0.0.1"], ["localhost"], ["127.0.0.2"]])("but not on %s", async (host) => {
    expect(await start({ host, port: 0 })).toBe("started");
  });

  test("on a port that is taken, with what is wrong with it", async () => {
    await using other = net.createServer();
    await once(other.listen(0, "127.0.0.1"), "listening");
    const { port } = other.address() as net.AddressInfo;
    expect(await start({ port })).toBe(
      `USAGE admin.port ${port} on 127.0.0.1 is taken by another program: end it, or choose another port`,
    );
  });

  test("with an address, a port or a token that cannot be", async () => {
    expect(await start({ host: "203.0.113.7", port: 0, token: TOKEN })).toContain("this machine has no such address");
    expect(await start({ port: 65_536 })).toContain("USAGE admin.port: expected a whole number from 0 to 65535");
    expect(await start({ port: 0, token: "two words" })).toContain("USAGE admin.token: expected");
  });
});

describe("a token", () => {
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

  test("is asked for everywhere but at the probes, on loopback too", async () => {
    await using served = await serve({ token: TOKEN });
    for (const path of ["/healthz", "/readyz"]) expect((await served.ask(path)).status).toBe(200);
    for (const path of ["/", "/metrics", "/api/jobs", "/api/events", "/nope", "/api/jobs/orders/run"]) {
      const answer = await served.ask(path);
      expect(answer).toMatchObject({ status: 401, headers: { "www-authenticate": 'Bearer realm="millrace"' } });
      expect(answer.headers["content-type"]).toBe("application/problem+json");
    }
    expect((await served.post("/api/jobs/orders/run")).status).toBe(401);
    expect(served.runtime.asked).toEqual([]);
    expect((await served.ask("/api/jobs", bearer(TOKEN))).status).toBe(200);
    expect((await served.ask("/api/jobs", { headers: { authorization: `bearer  ${TOKEN}` } })).status).toBe(200);
  });

  test.each([[TOKEN.slice(1)], [`${TOKEN}x`], ["x"], [TOKEN.toUpperCase()], ["x".repeat(5_000)]])(
    "%s is not it",
    async (wrong) => {
      await using served = await serve({ token: TOKEN });
      const answer = await served.ask("/api/jobs", bearer(wrong));
      expect(answer).toMatchObject({
        status: 401,
        headers: { "www-authenticate": expect.stringContaining("invalid_token") },
      });
      expect(answer.body).not.toContain(wrong);
    },
  );

  test("frees from the check of the Host header, for a page of another name does not know it", async () => {
    await using served = await serve({ token: TOKEN, host: "0.0.0.0" });
    const host = "etl.example.com";
    expect((await served.ask("/healthz", { headers: { host } })).status).toBe(200);
    expect((await served.ask("/api/jobs", { headers: { host } })).status).toBe(401);
    expect((await served.ask("/api/jobs", { headers: { host, ...bearer(TOKEN).headers } })).status).toBe(200);
  });
});

describe("without a token", () => {
  test.each([["localhost"], ["LOCALHOST:9464"], ["127.0.0.1:1"], ["[::1]:9464"]])("Host %s is served", async (host) => {
    await using served = await serve();
    expect((await served.ask("/api/jobs", { headers: { host } })).status).toBe(200);
  });

  test.each([
    ["evil.example"],
    ["localhost.evil.example"],
    ["127.0.0.1.nip.io"],
    ["[::2]"],
    ["a@localhost"],
    ["0.0.0.0"],
  ])("Host %j is not", async (host) => {
    await using served = await serve();
    expect((await served.ask("/api/jobs", { headers: { host } })).status).toBe(403);
    const absolute = await served.raw(
      `GET http://${host}/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    );
    expect(absolute.slice(0, 12)).toBe("HTTP/1.1 403");
  });

  test("no Host, or two, are a 400, but for a probe that speaks HTTP/1.0", async () => {
    await using served = await serve();
    expect(await served.raw("GET /healthz HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 /);
    for (const hosts of ["", "Host: localhost\r\nHost: evil.example\r\n"]) {
      const answer = await served.raw(`GET /healthz HTTP/1.1\r\n${hosts}Connection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 400 .*application\/problem\+json.*one Host header/s);
    }
  });
});

describe("POST", () => {
  test.each([
    [{ origin: "https://evil.example" }, 403],
    [{ origin: "null" }, 403],
    [{ origin: "http://localhost:1" }, 403],
    [{ origin: "file://" }, 403],
    [{ "content-type": "text/plain" }, 415],
    [{ "content-type": "application/x-www-form-urlencoded" }, 415],
    [{ "content-type": "" }, 415],
    [{ "content-encoding": "gzip" }, 415],
    [{ "content-type": "application/json; charset=utf-8" }, 202],
  ])("with %j is answered by %d", async (headers, status) => {
    await using served = await serve();
    expect((await served.post("/api/jobs/orders/run", {}, headers)).status).toBe(status);
    expect(served.runtime.asked).toHaveLength(status === 202 ? 1 : 0);
  });

  test("from a page of the server itself is served, also behind a proxy that speaks TLS", async () => {
    await using served = await serve({ token: TOKEN });
    const authorization = `Bearer ${TOKEN}`;
    for (const [host, origin] of [
      [`localhost:${served.port}`, `http://localhost:${served.port}`],
      ["etl.example.com", "https://etl.example.com"],
      ["etl.example.com:443", "https://etl.example.com"],
    ]) {
      const answer = await served.post("/api/jobs/orders/run", {}, { host, origin, authorization });
      expect(answer.status).toBe(202);
    }
  });
});

test("every reply has the headers that harden it, and none of CORS", async () => {
  await using served = await serve();
  const origin = { headers: { origin: "https://evil.example" } };
  const answers = await Promise.all(
    ["/", "/healthz", "/api/jobs", "/nope", "/metrics"].map((path) => served.ask(path, origin)),
  );
  for (const { headers } of answers) {
    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "content-security-policy": expect.stringContaining("default-src 'none'"),
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
    });
    expect(Object.keys(headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
  }
  expect(await served.raw("nonsense\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 .*x-content-type-options: nosniff/s);
});
