import { randomBytes } from "node:crypto";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clientWith, get, never, readAll, serve, serveRaw, type TestServer, textOf } from "./support.ts";

const CODINGS: Readonly<Record<string, (bytes: Uint8Array) => Buffer>> = {
  gzip: gzipSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
};

/** Serves a body with an encoding, in pieces of a few bytes where `step` says so. */
function serveEncoded(encoding: string, body: Uint8Array, step = body.byteLength + 1): Promise<TestServer> {
  return serve((_request, response) => {
    response.setHeader("content-encoding", encoding);
    for (let at = 0; at < body.byteLength; at += step) response.write(body.subarray(at, at + step));
    response.end();
  });
}

const text = Buffer.from(Array.from({ length: 20_000 }, (_, index) => `line ${(index * 7919) % 1000}\n`).join(""));

describe("a body", () => {
  test.each(["gzip", "br", "zstd"])("in %s is inflated, also in several members", async (encoding) => {
    const compress = CODINGS[encoding] ?? gzipSync;
    // brotli has no members.
    const members = encoding === "br" ? [text] : [text.subarray(0, 1000), text.subarray(1000)];
    await using server = await serveEncoded(encoding, Buffer.concat(members.map((member) => compress(member))), 777);
    await using client = await clientWith();
    expect(textOf(await get(client, server.base)) === text.toString()).toBe(true);
    expect((await readAll(client, server.base, 1000)).equals(text)).toBe(true);
    expect(client.stats.requests).toBe(0);
  });

  test("is the same through any encodings on top of each other, and any buffer", async () => {
    await using client = await clientWith();
    const names = fc.array(fc.constantFrom("gzip", "br", "zstd", "identity"), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        names,
        fc.integer({ min: 1, max: 5000 }),
        fc.nat({ max: 100_000 }),
        async (layers, step, size) => {
          const plain = randomBytes(size);
          const body = layers.reduce<Uint8Array>((bytes, name) => CODINGS[name]?.(bytes) ?? bytes, plain);
          await using server = await serveEncoded(layers.join(", "), body, 10_000);
          expect((await readAll(client, server.base, step)).equals(plain)).toBe(true);
        },
      ),
      { numRuns: 12 },
    );
  });

  test.each([
    ["an empty one", "gzip", new Uint8Array()],
    ["x-gzip in capitals", "X-GZip", gzipSync("")],
  ])("may be %s", async (_kind, encoding, body) => {
    await using server = await serveEncoded(encoding, body);
    await using client = await clientWith();
    expect(textOf(await get(client, server.base))).toBe("");
  });

  test.each(["compress", "gzip, lzma", "gzip, gzip, gzip, gzip, gzip"])("in %s is refused", async (encoding) => {
    await using server = await serveEncoded(encoding, text);
    await using client = await clientWith();
    const told = `source.url: GET ${server.base}/ answered with Content-Encoding ${encoding.slice(0, 22)}; what can be inflated is gzip, br, zstd`;
    await expect(get(client, server.base)).rejects.toMatchObject({ code: "SOURCE_FAILED", message: told });
    await expect(readAll(client, server.base)).rejects.toMatchObject({ code: "SOURCE_FAILED", message: told });
    expect(client.stats.requests).toBe(0);
  });

  test.each(["gzip", "br", "zstd"])("in %s that is cut may pass, and stays an error", async (encoding) => {
    const whole = CODINGS[encoding]?.(text) ?? text;
    await using server = await serveEncoded(encoding, whole.subarray(0, -5));
    await using client = await clientWith();
    const told = `source.url: GET ${server.base}/: the ${encoding} body is cut or damaged (unexpected end of file); it is tried again`;
    await expect(get(client, server.base)).rejects.toMatchObject({ code: "SOURCE_UNAVAILABLE", message: told });
    await using reply = await client.open({ method: "GET", url: new URL(server.base) }, { signal: never });
    const into = new Uint8Array(1024 ** 2);
    const toEnd = async (): Promise<void> => {
      while ((await reply.read(into)) > 0);
    };
    await expect(toEnd()).rejects.toMatchObject({ message: told });
    await expect(reply.read(into)).rejects.toMatchObject({ message: told });
  });

  test("that is not compressed as it says is fatal", async () => {
    await using server = await serveEncoded("gzip", Buffer.from('{"plain": true}'));
    await using client = await clientWith();
    await expect(get(client, server.base)).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      message: `source.url: GET ${server.base}/: the body is not gzip, as its Content-Encoding says (incorrect header check); set the header accept-encoding: identity`,
    });
  });

  test("has a limit that counts inflated bytes, and is known from its Content-Length before it comes", async () => {
    await using bomb = await serveEncoded("gzip", gzipSync(Buffer.alloc(50 * 1024 ** 2)));
    await using endless = await serve((_request, response) => {
      response.writeHead(200, { "content-length": "1000000000000" }).write("x");
    });
    await using exact = await serve((_request, response) => void response.end("x".repeat(1000)));
    await using client = await clientWith();
    const told = (base: string) =>
      `source.maxBytes: GET ${base}/: the reply is longer than 64 KiB; raise it, or ask for smaller pages`;
    const limit = 64 * 1024;
    const fault = { code: "SOURCE_FAILED", fault: "fatal" };
    await expect(get(client, bomb.base, limit)).rejects.toMatchObject({ ...fault, message: told(bomb.base) });
    await expect(get(client, endless.base, limit)).rejects.toMatchObject({ ...fault, message: told(endless.base) });
    expect((await get(client, exact.base, 1000)).body.byteLength).toBe(1000);
    await expect(get(client, exact.base, 999)).rejects.toMatchObject(fault);
    expect(client.stats.requests).toBe(0);
  });

  test.each([
    [
      "by its connection",
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
      "(UND_ERR_SOCKET|UND_ERR_RES_CONTENT_LENGTH_MISMATCH|ECONNRESET)",
    ],
    [
      "between two chunks",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
      "(UND_ERR_SOCKET|HPE_INVALID_EOF_STATE)",
    ],
    ["within its headers", "HTTP/1.1 200 OK\r\nContent-Le", "UND_ERR_SOCKET"],
    ["before anything", "", "UND_ERR_SOCKET"],
  ])("that is cut %s may pass", async (_kind, bytes, code) => {
    await using server = await serveRaw((socket) => void socket.end(bytes));
    await using client = await clientWith();
    const outcome = expect(get(client, server.base)).rejects;
    await outcome.toMatchObject({ code: "SOURCE_UNAVAILABLE", message: expect.stringMatching(new RegExp(code)) });
    expect(client.stats).toEqual({ connections: 0, requests: 0 });
  });

  test("that goes on behind its Content-Length does not reach the next request", async () => {
    await using server = await serveRaw((socket, request) => {
      const path = /^GET (\S+)/.exec(request)?.[1] ?? "";
      socket.write(
        `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad`,
      );
    });
    await using client = await clientWith({}, { connections: 1 });
    for (const path of ["/a", "/bb", "/ccc"]) expect(textOf(await get(client, server.base + path))).toBe(path);
  });
});

describe("HttpStreamedReply", () => {
  test("holds the server up while nobody reads, and closes the connection when it is disposed of", async () => {
    let sent = 0;
    const gone = Promise.withResolvers<void>();
    await using server = await serve((_request, response) => {
      response.on("close", gone.resolve);
      const piece = Buffer.alloc(64 * 1024);
      const send = (): void => {
        while (sent < 1024 ** 3 && response.write(piece)) sent += piece.byteLength;
        response.once("drain", send);
      };
      send();
    });
    await using client = await clientWith();
    const reply = await client.open({ method: "GET", url: new URL(server.base) }, { signal: never });
    const into = new Uint8Array(100_000);
    let read = 0;
    while (read < 5 * 1024 ** 2) read += await reply.read(into);
    expect(sent).toBeLessThan(64 * 1024 ** 2);
    expect(client.stats).toEqual({ connections: 1, requests: 1 });
    await reply[Symbol.asyncDispose]();
    await gone.promise;
    expect(client.stats.requests).toBe(0);
    await expect(reply.read(into)).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("ends with the signal that it was opened with", async () => {
    await using server = await serve((_request, response) => void response.write("beginning"));
    await using client = await clientWith();
    const stop = new AbortController();
    await using reply = await client.open({ method: "GET", url: new URL(server.base) }, { signal: stop.signal });
    const into = new Uint8Array(100);
    expect(await reply.read(into)).toBe(9);
    const waiting = expect(reply.read(into)).rejects.toMatchObject({ code: "ABORTED" });
    stop.abort();
    await waiting;
  });
});
