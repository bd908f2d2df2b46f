import { describe, expect, test } from "vitest";
import { retryAfterMs } from "../../../../../src/connectors/http/client/retry-after.ts";
import { FakeClock } from "../../../../../src/testing/fake-clock.ts";
import { clientWith, get, serve } from "./support.ts";

const NOW = Date.UTC(2026, 10, 22, 12, 0, 0);
const DAY_MS = 24 * 60 * 60 * 1_000;

describe("retryAfterMs()", () => {
  test.each<[string, string, string | undefined, number | undefined]>([
    ["seconds", "120", undefined, 120_000],
    ["no time", "0", undefined, 0],
    ["a date", "Sun, 22 Nov 2026 12:00:30 GMT", undefined, 30_000],
    [
      "a date by a server whose clock is an hour ahead",
      "Sun, 22 Nov 2026 13:00:30 GMT",
      "Sun, 22 Nov 2026 13:00:00 GMT",
      30_000,
    ],
    ["a date of RFC 850", "Sunday, 22-Nov-26 12:00:30 GMT", undefined, 30_000],
    ["a date of asctime", "Sun Nov 22 12:00:30 2026", undefined, 30_000],
    ["a date that is over", "Sun, 22 Nov 2026 11:00:00 GMT", undefined, 0],
    ["a time beyond all patience", "99999999999999999999", undefined, DAY_MS],
    ["a date beyond all patience", "Sun, 22 Nov 2099 12:00:30 GMT", undefined, DAY_MS],
    ["nothing", "", undefined, undefined],
    ["a negative time", "-1", undefined, undefined],
    ["another notation of dates", "2026-11-22T12:00:30Z", undefined, undefined],
    ["no date", "Sun, 99 Nov 2026 12:00:30 GMT", undefined, undefined],
  ])("reads %s", (_kind, retryAfter, date, expected) => {
    const headers: Partial<Record<string, string>> = { "retry-after": retryAfter, date };
    expect(retryAfterMs((name) => headers[name], NOW)).toBe(expected);
  });

  test("is undefined where there is no such header", () => {
    expect(retryAfterMs(() => undefined, NOW)).toBeUndefined();
  });
});

test.each([429, 503])(
  "HttpClient.send() keeps all requests back when an answer of %i says how long",
  async (status) => {
    const clock = new FakeClock(NOW);
    let calls = 0;
    await using server = await serve((_request, response) => {
      calls++;
      response.writeHead(calls === 1 ? status : 200, { "retry-after": "3" }).end();
    });
    await using client = await clientWith({}, { clock });
    const refused = await get(client, server.base);
    expect(client.faultOf(refused, refused.body).details).toEqual({ status, retryAfterMs: 3_000 });
    const other = get(client, server.base);
    await clock.advance(2_999);
    expect(calls).toBe(1);
    await clock.advance(1);
    expect((await other).status).toBe(200);
  },
);

test("HttpClient.send() keeps to the rate limit, also with the requests that redirects lead to", async () => {
  const clock = new FakeClock();
  const seen: string[] = [];
  await using server = await serve((request, response) => {
    seen.push(`${request.url} at ${clock.monotonic()}`);
    if (request.url === "/a") response.writeHead(302, { location: "/b" });
    response.end();
  });
  await using client = await clientWith({ rateLimit: { requests: 1, per: 1_000 } }, { clock });
  const [first, second] = [get(client, `${server.base}/a`), get(client, `${server.base}/c`)];
  // The first redirect asks to pass behind the second request, which came before it.
  while (seen.length < 1) await new Promise((resolve) => setImmediate(resolve));
  while (clock.pendingTimers < 2) await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(1_000);
  await second;
  await clock.advance(10_000);
  await first;
  expect(seen.slice(0, 2)).toEqual(["/a at 0", "/c at 1000"]);
  expect(seen[2]).toMatch(/^\/b at /);
});
