import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { httpSource } from "../../../../../src/connectors/http/source/source.ts";
import { httpSourceShape } from "../../../../../src/connectors/http/source-options.ts";
import { systemClock } from "../../../../../src/core/clock.ts";
import type { BoundSource } from "../../../../../src/core/ports/source.ts";
import { formatByName } from "../../../../../src/formats/catalog.ts";
import { readBytes, readTexts, type SourceKeys } from "./support.ts";

/** A server for one test. */
let server: http.Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(answer: http.RequestListener): Promise<string> {
  server = http.createServer(answer);
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/items`;
}

async function resolve(url: string, keys: SourceKeys): Promise<BoundSource> {
  const options = z.strictObject(httpSourceShape).parse({ url, ...keys });
  const decode = { format: "jsonl", options: {}, columns: {}, maxRecordBytes: 1024 };
  return await httpSource.resolve(options, { baseDir: "/", clock: systemClock, format: formatByName("jsonl"), decode });
}

describe("httpSource", () => {
  test("reads pages from a server, with the headers of the job and the types that it takes", async () => {
    const seen: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      const from = Number(new URL(request.url ?? "", "http://x").searchParams.get("page"));
      seen.push(request.headers.accept, request.headers["x-team"] as string);
      if (seen.length === 2) {
        response.writeHead(200, { "content-length": 100 }).write("[1");
        setImmediate(() => response.destroy());
        return;
      }
      response.setHeader("link", [
        "</items?page=9>; rel=last",
        `</items?page=${from + 1}>; rel=${from < 2 ? "next" : "prev"}`,
      ]);
      response.end(`[${from}]`);
    });
    await using source = await resolve(url, { headers: { "X-Team": "data" }, pagination: { type: "link" } });
    const unavailable: unknown[] = [];
    expect(await readTexts(source, { onUnavailable: (thrown) => unavailable.push(thrown) })).toEqual(["0", "1", "2"]);
    expect(unavailable.length).toBe(1);
    expect(seen.slice(0, 2)).toEqual(["application/json, */*;q=0.5", "data"]);
    expect(source.pools?.()).toMatchObject({ "http source requests": 0 });
  });

  test("goes on with a streamed body where the connection was cut", async () => {
    const body = Buffer.from("0123456789abcde\n".repeat(16_384));
    const ranges: (string | undefined)[] = [];
    const url = await serve(({ headers: { range } }, response) => {
      const begin = Number(range?.slice("bytes=".length, -1) ?? 0);
      ranges.push(range);
      const length = body.length - begin;
      response.writeHead(range === undefined ? 200 : 206, {
        etag: '"1"',
        "accept-ranges": "bytes",
        "content-length": length,
        ...(range !== undefined && { "content-range": `bytes ${begin}-${body.length - 1}/${body.length}` }),
      });
      const end = ranges.length < 3 ? begin + 100_000 : body.length;
      response.write(body.subarray(begin, end), () => (end < body.length ? response.destroy() : response.end()));
    });
    await using source = await resolve(url, { format: "jsonl" });
    expect(source.splits).toMatchObject([{ id: url, bytes: body.length }]);
    const text = await readBytes(source, { onUnavailable: () => {} });
    expect(text === body.toString()).toBe(true);
    expect(ranges.length).toBe(3);
    expect(ranges[0]).toBeUndefined();
    for (const range of ranges.slice(1)) expect(range).toMatch(/^bytes=\d+-$/);
  });
});
