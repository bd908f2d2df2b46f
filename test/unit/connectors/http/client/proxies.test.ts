import http from "node:http";
import net from "node:net";
import { describe, expect, test } from "vitest";
import { clientWith, get, listening, serve, serveRaw, textOf } from "./support.ts";

const WORD = `Basic ${btoa("etl:s3cr3t")}`;

/** A proxy that wants a password, and tells what it let through. */
async function proxying(status = 407) {
  const seen: string[] = [];
  const server = http.createServer((request, response) => {
    if (request.headers["proxy-authorization"] !== WORD) return void response.writeHead(status).end("who?");
    seen.push(request.url ?? "");
    const { url = "", headers, method } = request;
    const { "proxy-authorization": _word, ...others } = headers;
    const onward = http.request(url, { method, headers: others }, (reply) => reply.pipe(response));
    onward.on("error", () => response.writeHead(502).end()).end();
  });
  server.on("connect", (request, client: net.Socket) => {
    client.on("error", () => undefined);
    if (request.headers["proxy-authorization"] !== WORD) return void client.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    seen.push(`CONNECT ${request.url}`);
    const [host, port] = (request.url ?? "").split(":");
    const target = net.connect(Number(port), host, () => client.write("HTTP/1.1 200 OK\r\n\r\n"));
    target.on("error", () => client.destroy());
    target.pipe(client).pipe(target);
  });
  const listens = await listening(server, "http");
  const address = listens.base.replace("//", "//etl:s3cr3t@");
  return { address, base: listens.base, seen, [Symbol.asyncDispose]: () => listens[Symbol.asyncDispose]() };
}

describe("a proxy", () => {
  test("that says nothing is given up", async () => {
    await using silent = await serveRaw(() => undefined);
    const timeout = { connect: 30_000, headers: 10, idle: 30_000, total: undefined };
    await using client = await clientWith({ proxy: silent.base, timeout });
    await expect(get(client, "https://api.invalid/")).rejects.toMatchObject({
      code: "SOURCE_UNAVAILABLE",
      message:
        "source.timeout.headers: GET https://api.invalid/: no answer within 10 ms; raise it if the server may take so long",
    });
  });

  test("of the config gets all requests, with its credentials", async () => {
    await using proxy = await proxying();
    await using server = await serve((request, response) => void response.end(request.headers["proxy-authorization"]));
    await using client = await clientWith({ proxy: proxy.address });
    expect(textOf(await get(client, `${server.base}/x`))).toBe("");
    expect(proxy.seen).toEqual([`${server.base}/x`]);
    expect(client.stats).toEqual({ connections: 1, requests: 0 });
  });

  test("of the environment does not get requests for this machine", async () => {
    await using server = await serve((_request, response) => void response.end("straight"));
    await using client = await clientWith(
      {},
      { env: { HTTP_PROXY: "http://127.0.0.1:1", https_proxy: "http://127.0.0.1:1" } },
    );
    expect(textOf(await get(client, server.base))).toBe("straight");
  });

  test.each([
    ["HTTP_PROXY", "http://api.invalid/x", "http://api.invalid/x"],
    ["http_proxy", "http://api.invalid/x", "http://api.invalid/x"],
    ["HTTPS_PROXY", "https://127.1.invalid/x", "CONNECT 127.1.invalid:443"],
  ])("of the environment is the one in %s", async (variable, address, seen) => {
    await using proxy = await proxying();
    await using client = await clientWith({}, { env: { [variable]: proxy.address, NO_PROXY: "other.invalid" } });
    await get(client, address).catch(() => undefined);
    expect(proxy.seen).toEqual([seen]);
  });

  test.each([
    ["NO_PROXY names the host", undefined, "api.invalid"],
    ["the config says so", false, ""],
  ] as const)("is not asked when %s", async (_why, proxy, noProxy) => {
    const env = { HTTP_PROXY: "http://127.0.0.1:1", NO_PROXY: noProxy };
    await using client = await clientWith(proxy === undefined ? {} : { proxy }, { env });
    await expect(get(client, "http://api.invalid/")).rejects.toMatchObject({
      message: expect.not.stringContaining("ECONNREFUSED"),
    });
  });

  test.each([
    ["http", 407, "SOURCE_FAILED", "the proxy answered 407; check user and password in proxy"],
    ["https", 407, "SOURCE_FAILED", "the proxy answered 407; check user and password in proxy"],
    ["https", 403, "SOURCE_FAILED", "the proxy answered 403; check what it lets through"],
    ["https", 502, "SOURCE_UNAVAILABLE", "the proxy answered 502; it does not reach the server"],
  ])("that refuses %s with %i is named", async (scheme, status, code, told) => {
    await using proxy = await proxying(status);
    await using client = await clientWith({ proxy: proxy.base.replace("//", "//etl:wr0ng@") });
    await expect(get(client, `${scheme}://api.invalid/x`)).rejects.toMatchObject({
      code,
      message: `source.proxy: GET ${scheme}://api.invalid/x: ${told}`,
    });
  });
});
