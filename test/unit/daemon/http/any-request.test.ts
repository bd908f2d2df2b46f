import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { adminRoutes } from "../../../../src/daemon/http/routes/admin-routes.ts";
import { HTTP_LIMITS } from "../../../../src/server/limits.ts";
import { serve, type Served } from "./ask.ts";
import { FakeRuntime } from "./fake-runtime.ts";

const TOKEN = "correct-horse-battery-staple";
let served: Served;
beforeAll(async () => {
  // A stream would never end, and some requests never do.
  const limits = { streams: 0, headersMs: 50, requestMs: 100, lookEveryMs: 10 };
  served = await serve({ token: TOKEN, limits });
  await served.runtime.addRun("01A");
  await served.runtime.addRejects("01A", 3);
});
afterAll(() => served[Symbol.asyncDispose]());

const known = new FakeRuntime();
const routes = adminRoutes(known, { clock: known.clock, limits: HTTP_LIMITS });

/** A few of them, and the wild ones now and then: a request that is broken at once shows nothing of what lies behind. */
function mostly<T>(usual: fc.Arbitrary<T>, wild: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ arbitrary: usual, weight: 30 }, { arbitrary: wild, weight: 1 });
}

const anything = fc.string({ unit: "binary-ascii", maxLength: 12 }).map((text) => text.replace(/[\r\n ]/g, ""));
const plain = fc.stringMatching(/^[!-~]{0,12}$/);
const escaped = fc.string({ unit: "binary", maxLength: 8 }).map((text) => encodeURIComponent(text.toWellFormed()));
const segment = mostly(
  fc.oneof(fc.constantFrom("orders", "users", "01A", "__proto__", "..", ":job", "%00", "%ff"), escaped),
  anything,
);
const part = fc.oneof({ arbitrary: fc.constantFrom("orders", "01A"), weight: 3 }, segment);
const ofRoute = fc
  .tuple(fc.constantFrom(...routes), part)
  .map(([{ method, path }, part]) => ({ method: method as string, path: path.replace(/:\w+/, () => part) }));
const method = mostly(fc.constantFrom("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE"), anything);
const path = mostly(
  fc.oneof(
    ofRoute.map(({ path }) => path),
    fc.array(segment, { maxLength: 5 }).map((parts) => `/${parts.join("/")}`),
  ),
  anything,
);
const address = fc.oneof({ arbitrary: ofRoute, weight: 2 }, fc.record({ method, path }));
const parameter = fc.tuple(
  mostly(fc.constantFrom("limit", "after", "job", "kind"), escaped),
  fc.oneof(
    fc.integer({ min: 1, max: 3 }).map(String),
    fc.constantFrom("am9icyBvcmRlcnM", "cnVucyAA", "orders"),
    escaped,
  ),
);
const query = fc
  .array(parameter, { maxLength: 2 })
  .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join("&"));
const header = mostly(
  fc.oneof(
    fc
      .tuple(fc.constantFrom("X-Any", "Accept", "Range", "If-None-Match", "Cookie", "Upgrade"), plain)
      .map((pair) => pair.join(": ")),
    fc.constantFrom("Content-Encoding: gzip", "Origin: null", "Expect: 100-continue"),
  ),
  fc
    .tuple(fc.constantFrom("Host", "Content-Length", "Transfer-Encoding", "Expect"), anything)
    .map((pair) => pair.join(": ")),
);
const type = mostly(
  fc.constant("Content-Type: application/json"),
  fc.tuple(fc.constant("Content-Type"), plain).map((pair) => pair.join(": ")),
);
const bodies = fc.oneof(
  { arbitrary: fc.constant("{}"), weight: 3 },
  fc
    .record(
      {
        params: fc.dictionary(fc.string(), fc.string()),
        slot: plain,
        reason: fc.string(),
        run: fc.string(),
        code: plain,
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value)),
  fc.dictionary(fc.string(), fc.string()).map((params) => JSON.stringify({ params })),
  fc.constantFrom("", '{"params":{"__proto__":"x"}}', '{"reason":"\\u0000"}', '{"run":"\\ud800"}', "[".repeat(30_000)),
  fc.json(),
  anything,
);

test("no request gets a 500, an error that is no problem+json, a stack or a secret", async () => {
  const request = fc.record({
    address,
    query: fc.oneof({ arbitrary: fc.constant(""), weight: 2 }, query),
    type,
    headers: fc.array(header, { maxLength: 2 }),
    body: bodies,
    token: fc.integer({ min: 0, max: 19 }),
  });
  await fc.assert(
    fc.asyncProperty(request, async (asked) => {
      const given = asked.token === 0 ? [] : [`Authorization: Bearer ${asked.token === 1 ? "wrong" : TOKEN}`];
      const length = `Content-Length: ${Buffer.byteLength(asked.body)}`;
      const framed = asked.headers.some((line) => /^(?:Content-Length|Transfer-Encoding)/.test(line)) ? [] : [length];
      const lines = ["Host: localhost", asked.type, ...given, ...framed, ...asked.headers, "Connection: close"];
      const { method, path } = asked.address;
      const target = asked.query === "" ? path : `${path}?${asked.query}`;
      const bytes = `${method} ${target} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${asked.body}`;
      assertDecent(await served.raw(bytes), method === "HEAD");
    }),
    { numRuns: 1_000 },
  );
  expect(served.faults).toEqual([]);
  // Not all of them were turned away at the door.
  expect(served.runtime.asked.length).toBeGreaterThan(0);
  for (const status of ["200", "202", "204", "400", "401", "404", "405", "415", "503"])
    expect(statuses).toContain(status);
});

const statuses = new Set<string>();

function assertDecent(told: string, head: boolean): void {
  const [, status = "", rest = ""] =
    /^(?:HTTP\/1\.1 100 Continue\r\n\r\n)?HTTP\/1\.1 (\d{3}) .*?\r\n(.*)$/s.exec(told) ?? [];
  expect(status, told).not.toMatch(/^$|^500$|^501$/);
  expect(told).not.toMatch(/hunter2|\.ts:\d|\bat .*\(/);
  expect(told).not.toContain(TOKEN);
  statuses.add(status);
  if (Number(status) < 400) return;
  const [headers = "", text = ""] = rest.split("\r\n\r\n", 2);
  expect(headers.toLowerCase()).toContain("content-type: application/problem+json");
  if (!head)
    expect(JSON.parse(text)).toMatchObject({
      status: Number(status),
      code: expect.any(String),
      detail: expect.any(String),
    });
}
