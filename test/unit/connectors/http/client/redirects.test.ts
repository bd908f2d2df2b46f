import type { IncomingMessage } from "node:http";
import { describe, expect, test } from "vitest";
import { clientWith, get, never, serve, textOf } from "./support.ts";

/** Redirects `/301/...` to what the query says, with that status; tells what came of anything else. */
function redirecting(request: IncomingMessage): { readonly status: number; readonly location?: string } {
  const url = new URL(request.url ?? "/", "http://here");
  const status = Number(url.pathname.slice(1));
  const location = url.searchParams.get("to");
  return location === null ? { status: 200 } : { status, location };
}

const hopping = () =>
  serve((request, response) => {
    const { status, location } = redirecting(request);
    let body = "";
    request.on("data", (piece) => (body += String(piece)));
    request.on("end", () => {
      response.writeHead(status, location === undefined ? {} : { location });
      response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }));
    });
  });

const to = (status: number, location: string) => `/${status}?to=${encodeURIComponent(location)}`;

describe("a redirect", () => {
  test.each([
    [301, "GET", "GET"],
    [302, "GET", "GET"],
    [307, "POST", "POST"],
    [308, "POST", "POST"],
    [303, "POST", "GET"],
    [301, "POST", "GET"],
    [302, "POST", "GET"],
  ])("%i of a source's %s becomes %s", async (status, method, then) => {
    await using server = await hopping();
    await using client = await clientWith({ auth: { type: "bearer", token: "t0ken" } });
    const body = method === "POST" ? { body: Buffer.from("data"), headers: { "content-type": "text/plain" } } : {};
    const call = { method, url: new URL(server.base + to(status, "/there")), ...body };
    const reply = await client.send(call, { signal: never, maxBytes: 4096 });
    expect(reply.url.href).toBe(`${server.base}/there`);
    const seen = JSON.parse(textOf(reply)) as Record<string, unknown>;
    expect(seen).toMatchObject({ method: then, headers: { authorization: "Bearer t0ken" } });
    expect(seen["body"]).toBe(then === "POST" ? "data" : "");
    expect(seen["headers"]).toMatchObject(then === "POST" ? { "content-type": "text/plain" } : {});
  });

  test("of a sink is followed with its body when it keeps the method, and refused otherwise", async () => {
    await using server = await hopping();
    await using client = await clientWith({}, { side: "sink", name: "sink" });
    const post = (status: number) =>
      client.send(
        { method: "POST", url: new URL(server.base + to(status, "/new")), body: Buffer.from("data") },
        { signal: never, maxBytes: 4096 },
      );
    expect(JSON.parse(textOf(await post(308)))).toMatchObject({ method: "POST", body: "data" });
    await expect(post(302)).rejects.toMatchObject({
      code: "SINK_REFUSED",
      fault: "fatal",
      message: `sink.url: POST ${server.base}/302 -> ${server.base}/new (302): such a redirect would lose what is sent; set url to the address it redirects to`,
    });
  });

  test.each([
    { type: "basic", username: "etl", password: "s3cret" } as const,
    { type: "apiKey", name: "X-Key", value: "s3cret", in: "header" } as const,
    { type: "apiKey", name: "key", value: "s3cret", in: "query" } as const,
  ])("to another host takes no secret there, nor back again: %o", async (auth) => {
    await using home = await hopping();
    await using abroad = await hopping();
    await using client = await clientWith(
      { auth },
      { headers: { "x-tenant": "s3cret", cookie: "s3cret", accept: "a/b" } },
    );
    const call = {
      method: "GET",
      url: new URL(home.base + to(302, `${abroad.base}/x?key=s3cret&page=1`)),
      headers: { "x-own": "s3cret", "x-name": "told", "if-none-match": '"tag"' },
      publicHeaders: ["x-name"],
    };
    const reply = await client.send(call, { signal: never, maxBytes: 4096 });
    const text = textOf(reply);
    expect(reply.url.origin).toBe(abroad.base);
    expect(JSON.parse(text)).toMatchObject({ headers: { "x-name": "told", accept: "a/b", "if-none-match": '"tag"' } });
    if (auth.type === "apiKey" && auth.in === "query") expect(reply.url.search).toBe("?page=1");
    else expect(text.replaceAll("key=s3cret", "")).not.toContain("s3cret");

    const back = await get(client, home.base + to(302, abroad.base + to(302, `${home.base}/back`)));
    expect(textOf(back)).not.toContain("s3cret");
  });

  test("to a host that wants credentials is told with what to do", async () => {
    await using abroad = await serve((_request, response) => void response.writeHead(401).end());
    await using home = await hopping();
    await using client = await clientWith({ auth: { type: "bearer", token: "t0ken" } });
    const reply = await get(client, home.base + to(302, `${abroad.base}/x`));
    expect(client.faultOf(reply, reply.body).message).toBe(
      `source.auth: GET ${abroad.base}/x answered 401 Unauthorized; a redirect led there, and credentials do not go to another host: set url to that address`,
    );
  });

  test("without an address, or that is none, is an answer", async () => {
    await using server = await serve((_request, response) => void response.writeHead(300).end("choose"));
    await using client = await clientWith();
    const reply = await get(client, server.base);
    expect(client.faultOf(reply, reply.body).message).toBe(
      `source.url: GET ${server.base}/ answered 300 Multiple Choices: choose; no such answer is expected of this address`,
    );
  });

  test.each(["ftp://there/", "http://"])("to %s is fatal", async (location) => {
    await using server = await hopping();
    await using client = await clientWith();
    await expect(get(client, server.base + to(302, location))).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      message: `source.url: GET ${server.base}/302 (302): the address it redirects to cannot be used`,
    });
  });

  test("that leads in a circle, or too far, is fatal and lists the hops", async () => {
    await using circle = await serve((request, response) => {
      response.writeHead(302, { location: request.url === "/a" ? "/b?s3cret" : "/a" }).end();
    });
    await using stairs = await serve((request, response) => {
      response.writeHead(302, { location: `${request.url}/on` }).end();
    });
    await using client = await clientWith({ redirects: 2 });
    const [a, b] = [`${circle.base}/a`, `${circle.base}/b`];
    await expect(get(client, a)).rejects.toMatchObject({
      fault: "fatal",
      message: `source.url: GET ${a} -> ${b} -> ${a} (302): it redirects in a circle`,
    });
    const { base } = stairs;
    await expect(get(client, `${base}/x`)).rejects.toMatchObject({
      fault: "fatal",
      message: `source.url: GET ${base}/x -> ${base}/x/on -> ${base}/x/on/on -> ${base}/x/on/on/on (302): more than 2 redirects; set url to the last address, or raise redirects`,
    });
  });

  test("keeps the connection of an answer whose body is not wanted", async () => {
    await using server = await serve((request, response) => {
      if (request.url === "/a") response.writeHead(302, { location: "/b" }).end("x".repeat(30_000));
      else response.end("there");
    });
    await using client = await clientWith({}, { connections: 1 });
    expect(textOf(await get(client, `${server.base}/a`))).toBe("there");
    expect(server.connections).toBe(1);
  });
});
