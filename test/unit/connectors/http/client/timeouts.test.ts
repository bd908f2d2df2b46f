import { describe, expect, test } from "vitest";
import { FakeClock } from "../../../../../src/testing/fake-clock.ts";
import { clientWith, get, never, serve, serveRaw, textOf } from "./support.ts";

const LIMITS = { connect: 30_000, headers: 30_000, idle: 30_000, total: undefined };
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** undici's own timers, which go by half seconds. */
describe("timeout", () => {
  test.concurrent.each([
    ["headers", "", "no answer within 10 ms"],
    ["idle", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "nothing more of the body within 10 ms"],
  ] as const)(".%s ends a server that falls silent", async (phase, bytes, told) => {
    await using server = await serveRaw((socket) => void socket.write(bytes));
    await using client = await clientWith({ timeout: { ...LIMITS, [phase]: 10 } });
    await expect(get(client, server.base)).rejects.toMatchObject({
      code: "SOURCE_UNAVAILABLE",
      message: `source.timeout.${phase}: GET ${server.base}/: ${told}; raise it if the server may take so long`,
    });
  });

  test.concurrent(".connect ends a connection that does not come to stand", async () => {
    await using server = await serveRaw(() => undefined);
    await using client = await clientWith({ timeout: { ...LIMITS, connect: 10 } });
    const address = server.base.replace("http", "https");
    await expect(get(client, address)).rejects.toMatchObject({
      code: "SOURCE_UNAVAILABLE",
      message: `source.timeout.connect: GET ${address}/: no connection within 10 ms; raise it if the server may take so long`,
    });
  });

  test(".idle does not run while nobody reads", async () => {
    const body = "x".repeat(4 * 1024 ** 2);
    await using server = await serve((request, response) => {
      if (request.url === "/silent") response.write("x");
      else response.end(body);
    });
    await using client = await clientWith({ timeout: { ...LIMITS, idle: 10 } });
    await using reply = await client.open({ method: "GET", url: new URL(server.base) }, { signal: never });
    // Another one meets its end meanwhile.
    await expect(get(client, `${server.base}/silent`)).rejects.toMatchObject({ code: "SOURCE_UNAVAILABLE" });
    const into = new Uint8Array(body.length);
    let read = 0;
    for (let got = await reply.read(into); got > 0; got = await reply.read(into)) read += got;
    expect(read).toBe(body.length);
  });

  test.each([
    [7 * SECOND, "7 s"],
    [undefined, "5 m"],
  ])(".total of %s ends a server that drips", async (total, shown) => {
    const clock = new FakeClock();
    const dripping = Promise.withResolvers<void>();
    await using server = await serveRaw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nd", () => dripping.resolve());
    });
    await using client = await clientWith({ timeout: { ...LIMITS, total } }, { clock });
    const late = expect(get(client, server.base)).rejects.toMatchObject({
      code: "SOURCE_UNAVAILABLE",
      message: `source.timeout.total: GET ${server.base}/ was not through within ${shown}; raise it if the server may take so long`,
    });
    await dripping.promise;
    await clock.advance(total ?? 5 * MINUTE);
    await late;
    expect(client.stats.requests).toBe(0);
  });

  test(".total ends a redirect that drips, also before a body that is streamed", async () => {
    const clock = new FakeClock();
    const dripping = Promise.withResolvers<void>();
    await using server = await serveRaw((socket) => {
      socket.write("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 99\r\n\r\nd", () => dripping.resolve());
    });
    await using client = await clientWith({ timeout: { ...LIMITS, total: SECOND } }, { clock });
    const call = { method: "GET", url: new URL(`${server.base}/a`) };
    const late = expect(client.open(call, { signal: never })).rejects.toMatchObject({ code: "SOURCE_UNAVAILABLE" });
    await dripping.promise;
    await clock.advance(SECOND);
    await late;
  });

  test(".total counts for each call by itself, and not for one that is streamed", async () => {
    const clock = new FakeClock();
    const held: (() => void)[] = [];
    await using server = await serve((_request, response) => {
      response.write("beginning");
      held.push(() => response.end());
    });
    const client = await clientWith({ timeout: { ...LIMITS, total: MINUTE } }, { clock });
    await using reply = await client.open({ method: "GET", url: new URL(server.base) }, { signal: never });
    const first = expect(get(client, server.base)).rejects.toMatchObject({ code: "SOURCE_UNAVAILABLE" });
    await clock.advance(MINUTE / 2);
    const second = get(client, server.base);
    await clock.advance(MINUTE / 2);
    await first;
    while (held.length < 3) await new Promise((resolve) => setImmediate(resolve));
    for (const end of held) end();
    expect(textOf(await second)).toBe("beginning");
    await clock.advance(10 * MINUTE);
    expect(await reply.read(new Uint8Array(99))).toBe(9);
    await client[Symbol.asyncDispose]();
    expect(clock.pendingTimers).toBe(0);
  });
});
