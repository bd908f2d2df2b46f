import { createHmac } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { Door } from "../../../../src/connectors/webhook/door.ts";
import { MillraceError } from "../../../../src/core/errors.ts";
import type { HttpRequest } from "../../../../src/core/ports/http-routes.ts";
import type { Spool, SpoolEntry, SpoolOutcome } from "../../../../src/core/ports/spool.ts";
import { FakeClock } from "../../../../src/testing/fake-clock.ts";
import { optionsOf } from "./options.ts";
import { requestOf, told } from "./request.ts";

/** A door before a spool that is what a test says. */
function doorOf(given: Parameters<typeof optionsOf>[0] = {}, outcome: SpoolOutcome | Error = "added") {
  const added: SpoolEntry[] = [];
  let rung = 0;
  const add = async (entry: SpoolEntry): Promise<SpoolOutcome> => {
    if (outcome instanceof Error) throw outcome;
    added.push(entry);
    return outcome;
  };
  const spool = { add } as unknown as Spool;
  const door = new Door({ options: optionsOf(given), spool, clock: new FakeClock(7), onAdded: () => rung++ });
  const post = (body: string | Uint8Array, headers?: HttpRequest["headers"]): Promise<string> =>
    told(door.route.handle(requestOf(body, headers)));
  return { door, added, post, rung: () => rung };
}

describe("A request", () => {
  test("is answered with the number of its records once it is in the spool, byte by byte, with its key", async () => {
    const { post, added, rung } = doorOf();
    const body = '\uFEFF{"id":1}\r\n \n{"id":2}\nnot json\n';
    expect(await post(body, { "idempotency-key": " k " })).toBe('202 {"accepted":3}');
    expect(added).toEqual([{ body: Buffer.from(body), key: "k", receivedAt: 7 }]);
    expect(rung()).toBe(1);
  });

  test("that is known is answered as it was the first time", async () => {
    const { post, rung } = doorOf({ format: "json" }, "known");
    expect(await post('[{"id":1},{"id":2}]')).toBe('202 {"accepted":2}');
    expect(rung()).toBe(0);
  });

  test("waits for room, and for a store that is away, and is told how long", async () => {
    const { post } = doorOf({ spool: { retryAfter: "7s" } }, "full");
    expect(await post("1")).toContain("429 after 7 s");
    const away = new MillraceError("STATE_UNAVAILABLE", "state store postgres etl@secret-host is away");
    const told503 = await doorOf({}, away).post("1");
    expect(told503).toMatch(/^503 after 5 s .*cannot be made safe just now; send it again later/);
    expect(told503).not.toContain("secret-host");
  });

  test("that holds nothing, or no JSON where it should be one value, is refused", async () => {
    const lines = doorOf();
    for (const body of ["", "\n \r\n\n"]) expect(await lines.post(body)).toMatch(/^400 the body is empty/);
    const values = doorOf({ format: "json" });
    for (const body of ["", "{", '{"a":1}{"b":2}', "[1,]", Buffer.from([0x22, 0xff, 0x22])])
      expect(await values.post(body)).toBe("400 the body is not JSON in UTF-8");
    expect(await values.post("[]")).toBe('202 {"accepted":0}');
    expect([...lines.added, ...values.added]).toEqual([]);
  });

  test.each([
    ["text/html", {}, 415],
    ["application/x-www-form-urlencoded", {}, 415],
    ["multipart/form-data; boundary=x", {}, 415],
    ["application/json", { "content-encoding": "br" }, 415],
    ["application/json; charset=utf-8", {}, 202],
    ["application/x-ndjson", {}, 202],
    ["application/jsonl", {}, 202],
    ["application/cloudevents+json", {}, 202],
    ["application/vnd.api-v1+json", {}, 202],
    ["text/plain", { "content-encoding": "identity" }, 202],
    ["", {}, 202],
  ])("of content-type %j with %j is a %d", async (type, headers, status) => {
    expect(await doorOf().post("{}", { "content-type": type, ...headers })).toMatch(new RegExp(`^${status} `));
  });

  test("may be packed, but not larger than it may be unpacked", async () => {
    const { post, added } = doorOf({ maxBytes: 1_000 });
    const gzip = { "content-encoding": "gzip" };
    expect(await post(gzipSync('{"id":1}'), gzip)).toBe('202 {"accepted":1}');
    expect(Buffer.from(added[0]?.body ?? []).toString()).toBe('{"id":1}');
    expect(await post(gzipSync("1".repeat(1_001)), gzip)).toMatch(/^413 the unpacked body is larger than 1000 bytes/);
    expect(await post("plain", gzip)).toMatch(/^400 the body is not gzip/);
    expect(await post("1".repeat(1_001))).toMatch(/^413 /);
  });

  test("with a key that no index takes is refused", async () => {
    const { post } = doorOf({ idempotencyHeader: "X-Delivery" });
    expect(await post("1", { "x-delivery": "k".repeat(257) })).toMatch(/^400 the header x-delivery is longer than 256/);
    expect(await post("1", { "x-delivery": "k".repeat(256) })).toMatch(/^202 /);
  });

  test("has to come again while too many others are being received", async () => {
    const { door } = doorOf({ maxBytes: "40MiB", spool: { bytes: "1GiB" } });
    const held = Promise.withResolvers<Buffer>();
    const slow = { ...requestOf("1"), headers: {}, readBody: () => held.promise };
    const waiting = told(door.route.handle(slow));
    expect(await told(door.route.handle({ ...slow }))).toMatch(/^429 after 1 s /);
    expect(await told(door.route.handle(requestOf("1")))).toBe('202 {"accepted":1}');
    held.resolve(Buffer.from("1"));
    expect(await waiting).toBe('202 {"accepted":1}');
    expect(await told(door.route.handle({ ...slow, readBody: async () => Buffer.from("2") }))).toBe(
      '202 {"accepted":1}',
    );
  });
});

describe("A proof", () => {
  const BODY = '{"id":1}';

  test("by token lets in who has it, and is asked for before the body is read", async () => {
    const { door, post } = doorOf({ auth: { type: "bearer", token: "correct horse".replace(" ", "-") } });
    expect(door.route.access).toBe("own");
    expect(await post(BODY, { authorization: "Bearer correct-horse" })).toMatch(/^202 /);
    for (const authorization of [undefined, "", "Bearer", "Basic x", "Bearer correct-hors", "Bearer correct-horse2"]) {
      const request = { ...requestOf(BODY, { authorization }), readBody: () => Promise.reject(new TypeError("read")) };
      const answer = await told(door.route.handle(request));
      expect(answer).toMatch(/^401 /);
      expect(answer).not.toContain("correct");
    }
  });

  const algorithms = ["sha256", "sha512"] as const;
  const encodings = ["hex", "base64"] as const;
  test.each(algorithms.flatMap((algorithm) => encodings.map((encoding) => ({ algorithm, encoding }))))(
    "by a signature of the body as it was sent: $algorithm, $encoding",
    async ({ algorithm, encoding }) => {
      const header = "X-Hub-Signature";
      const { post } = doorOf({ auth: { type: "hmac", secret: "s3cret", header, prefix: "v=", algorithm, encoding } });
      const sign = (body: string | Uint8Array, secret = "s3cret", prefix = "v="): HttpRequest["headers"] => ({
        "x-hub-signature": prefix + createHmac(algorithm, secret).update(body).digest(encoding),
      });
      expect(await post(BODY, sign(BODY))).toMatch(/^202 /);
      const packed = gzipSync(BODY);
      expect(await post(packed, { ...sign(packed), "content-encoding": "gzip" })).toMatch(/^202 /);
      const truncated = { "x-hub-signature": sign(BODY)["x-hub-signature"]?.slice(0, 12) };
      const wrong = [{}, sign(`${BODY} `), sign(BODY, "other"), sign(BODY, "s3cret", "w="), truncated];
      for (const headers of [...wrong, { ...sign(BODY), "x-hub-signature": "v=" }])
        expect(await post(BODY, headers)).toMatch(/^401 .*x-hub-signature does not sign this body/);
    },
  );

  test("is left to others only where the job says so", () => {
    expect(doorOf().door.route.access).toBe("open");
    expect(doorOf({ auth: { type: "none" } }).door.route.access).toBe("own");
  });
});
