import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { SplitPlan } from "../../../../../src/core/ports/source.ts";
import { BodyServer, type BodyServerOptions } from "./body-server.ts";
import { FakeHttpClient } from "./fake-http-client.ts";
import { bind, readBytes, type SourceKeys, URL_OF_ITEMS } from "./support.ts";

const JSONL: SourceKeys = { format: "jsonl" };
const lines = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, index) => `{"id":${from + index},"pad":"${"x".repeat(90)}"}\n`).join("");
/** Longer than the head that is looked at first. */
const LONG = lines(2_000);

/** As a first run sees it. */
async function splitOf({ client }: BodyServer): Promise<Partial<SplitPlan>> {
  await using source = await bind(client, JSONL);
  return source.splits[0] ?? {};
}

const WAYS: Readonly<Record<string, BodyServerOptions>> = {
  "of parts": { parts: true, etag: "strong" },
  "without parts": { etag: "strong" },
  "of parts that may differ": { parts: true, etag: "weak" },
  "without validators": {},
  "that says it gives parts": { etag: "strong", headers: { "accept-ranges": "bytes" } },
};

describe.each(Object.entries(WAYS))("a streamed body from a server %s", (name, way) => {
  test("is read whole, however often the connection is cut, and each byte once", async () => {
    const cuts = [70_000, 150_000, 0, 100_000, 199_999];
    const server = new BodyServer(LONG, { ...way, cuts });
    let unavailable = 0;
    await using source = await bind(server.client, JSONL);
    expect(await readBytes(source, { maxBytes: 1_000, onUnavailable: () => unavailable++ })).toBe(LONG);
    expect(unavailable).toBeGreaterThan(1);
    const parts = server.ranges.filter((range) => range !== null);
    expect(parts.length > 0).toBe(name === "of parts" || name === "that says it gives parts");
  });

  test("goes on at any byte, in another process, and lets go of its connections", async () => {
    const server = new BodyServer(LONG, way);
    for (const offset of [0, 1, 64 * 1024, 64 * 1024 + 1, LONG.length - 1, LONG.length]) {
      await using source = await bind(server.client, JSONL);
      expect(await readBytes(source, { token: String(offset), maxBytes: 70_000 })).toBe(LONG.slice(offset));
    }
    expect(server.client.openReplies).toBe(0);
  });

  test.each([
    ["has another beginning", () => `{"id":-1}\n${LONG}`],
    ["is shorter", () => LONG.slice(0, 100_000)],
    ["is much shorter", () => LONG.slice(0, 1_000)],
  ])("is refused by a run that goes on when it %s", async (_what, change) => {
    const server = new BodyServer(LONG, way);
    const { fingerprint = "" } = await splitOf(server);
    server.body = change();
    for (const incremental of [false, true]) {
      await using source = await bind(server.client, { ...JSONL, incremental });
      const reading = readBytes(source, { token: "150000", fingerprint });
      await expect(reading).rejects.toMatchObject({
        code: "SOURCE_CHANGED",
        message: expect.stringContaining(URL_OF_ITEMS),
      });
    }
    expect(server.client.openReplies).toBe(0);
  });

  test("is refused when it becomes another one while it is read", async () => {
    const server = new BodyServer(LONG, { ...way, cuts: [100_000] });
    await using source = await bind(server.client, JSONL);
    const onUnavailable = (): void => {
      server.body = `{"id":-1}\n${LONG}`;
    };
    await expect(readBytes(source, { onUnavailable })).rejects.toMatchObject({ code: "SOURCE_CHANGED" });
  });

  test("is read on behind what an earlier run read of it, when it has grown", async () => {
    const server = new BodyServer(LONG, way);
    await using before = await bind(server.client, { ...JSONL, incremental: true });
    const { fingerprint = "" } = before.splits[0] ?? {};
    const token = String(LONG.length);
    const known = [{ id: URL_OF_ITEMS, token, fingerprint }];
    expect((await before.continueFrom?.(known))?.splits).toEqual([]);
    const added = lines(3, 2_000);
    server.body = LONG + added;
    await using source = await bind(server.client, { ...JSONL, incremental: true });
    const continued = (await source.continueFrom?.(known)) ?? source;
    expect(continued.splits).toMatchObject([{ id: URL_OF_ITEMS, growing: true }]);
    expect(await readBytes(continued, { token, fingerprint })).toBe(added);
  });
});

describe("a streamed body", () => {
  test("that has other bytes at the same length is told by a strong ETag", async () => {
    const server = new BodyServer(LONG, { etag: "strong" });
    const { fingerprint = "" } = await splitOf(server);
    server.body = LONG.replace('"id":1999', '"id":2999');
    await using source = await bind(server.client, JSONL);
    await expect(readBytes(source, { token: "150000", fingerprint })).rejects.toMatchObject({
      code: "SOURCE_CHANGED",
      message: expect.stringContaining("its ETag is another one"),
    });
  });

  test("that is other bytes behind its beginning after a cut is not mixed with the first", async () => {
    const server = new BodyServer(LONG, { cuts: [150_000] });
    await using source = await bind(server.client, JSONL);
    const onUnavailable = (): void => {
      server.body = LONG.replace('"id":1000', '"id":2000');
    };
    await expect(readBytes(source, { token: "80000", onUnavailable })).rejects.toMatchObject({
      code: "SOURCE_CHANGED",
      message: expect.stringContaining("what was read of it is other bytes now"),
    });
  });

  test("is asked for once when it is read once, and the rest of it alone when a run goes on", async () => {
    const server = new BodyServer(LONG, { parts: true, etag: "strong" });
    {
      await using source = await bind(server.client, JSONL);
      await readBytes(source);
      expect(server.ranges).toEqual([null]);
    }
    await using source = await bind(server.client, JSONL);
    await readBytes(source, { token: "150000" });
    expect(server.ranges).toEqual([null, null, "bytes=150000-"]);
    expect(server.client.requests[2]?.headers).toMatchObject({ "accept-encoding": "identity" });
  });

  test("of CSV has its header read and its columns held to it before anything is read", async () => {
    const server = new BodyServer("id,name\n1,a\n");
    await using source = await bind(server.client, { format: "csv" });
    expect(source.splits).toMatchObject([
      { id: URL_OF_ITEMS, origin: "8", originLine: 2, fields: ["id", "name"], bytes: 12 },
    ]);
    expect(await readBytes(source)).toBe("1,a\n");
    const wrong = bind(server.client, { format: "csv" }, { columns: { nmae: { type: "string" } } });
    await expect(wrong).rejects.toMatchObject({ code: "COLUMN_UNKNOWN" });
    const wide = { format: "csv", options: { encoding: "utf-16le" } };
    const encoded = new BodyServer(Buffer.from("name\nJosé\n", "utf16le"));
    await using transcoded = await bind(encoded.client, { format: "csv" }, wide);
    expect(await readBytes(transcoded)).toBe("José\n");
    expect([server.client.openReplies, encoded.client.openReplies]).toEqual([0, 0]);
  });

  test("that is a compressed file is inflated, and goes on at inflated bytes", async () => {
    const server = new BodyServer(gzipSync(LONG), { parts: true, etag: "strong", cuts: [4_000] });
    await using source = await bind(server.client, JSONL);
    expect(source.splits[0]).not.toHaveProperty("bytes");
    expect(await readBytes(source, { token: "150000", onUnavailable: () => {} })).toBe(LONG.slice(150_000));
  });

  test("of a JSON array begins behind its bracket, and no array is refused", async () => {
    await using source = await bind(new BodyServer(" [1,2]").client);
    expect(await readBytes(source)).toBe("1,2]");
    const html = bind(new BodyServer("<html>").client);
    await expect(html).rejects.toMatchObject({
      code: "HEADER_INVALID",
      message: expect.stringContaining(URL_OF_ITEMS),
    });
  });

  test("has no records where the server says that there is no content", async () => {
    await using source = await bind(new FakeHttpClient(() => ({ status: 204 })));
    expect(source.splits).toEqual([]);
  });

  test("has nothing yet when it may grow and its header is not there", async () => {
    const server = new BodyServer("id,na");
    await using source = await bind(server.client, { format: "csv", incremental: true });
    expect(source.splits).toEqual([]);
  });

  test("is refused beyond maxBytes, and for a status that is none of success", async () => {
    await using source = await bind(new BodyServer(LONG).client, { ...JSONL, maxBytes: 100_000 });
    await expect(readBytes(source)).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      message: expect.stringContaining("source.maxBytes"),
    });
    for (const [status, code] of [
      [404, "SOURCE_FAILED"],
      [503, "SOURCE_UNAVAILABLE"],
    ] as const) {
      const client = new FakeHttpClient(() => ({ status, body: "no such thing" }));
      await expect(bind(client, JSONL)).rejects.toMatchObject({
        code,
        message: expect.stringContaining("no such thing"),
      });
      expect(client.openReplies).toBe(0);
    }
  });
});
