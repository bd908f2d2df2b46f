import { describe, expect, test } from "vitest";
import { Faults } from "../../../../../src/connectors/http/client/faults.ts";
import { NetworkFaults } from "../../../../../src/connectors/http/client/network-faults.ts";
import { clientWith, get, never, serve, serveRaw } from "./support.ts";

const SECRET = "s3cret-value";

/** What a client makes of one answer. */
async function faultFrom(side: "source" | "sink", status: number, body: string, headers: Record<string, string> = {}) {
  await using server = await serve((_request, response) => void response.writeHead(status, headers).end(body));
  const auth = { type: "bearer", token: SECRET } as const;
  await using client = await clientWith({ auth }, { side, name: side, headers: { "x-own": "own-s3cret" } });
  const reply = await get(client, `${server.base}/items?key=${SECRET}`);
  const fault = client.faultOf(reply, reply.body);
  return { fault, where: `GET ${server.base}/items` };
}

describe("HttpClient.faultOf()", () => {
  test.each([
    [408, "Request Timeout", "SOURCE_UNAVAILABLE", "source.url", "check what is sent: address, headers and body"],
    [425, "Too Early", "SOURCE_UNAVAILABLE", "source.url", "check what is sent: address, headers and body"],
    [
      429,
      "Too Many Requests",
      "SOURCE_UNAVAILABLE",
      "source.url",
      "it is tried again; a rateLimit keeps below what the server allows",
    ],
    [500, "Internal Server Error", "SOURCE_UNAVAILABLE", "source.url", "the server has trouble, so it is tried again"],
    [503, "Service Unavailable", "SOURCE_UNAVAILABLE", "source.url", "the server has trouble, so it is tried again"],
    [400, "Bad Request", "SOURCE_FAILED", "source.url", "check what is sent: address, headers and body"],
    [
      401,
      "Unauthorized",
      "SOURCE_FAILED",
      "source.auth",
      "check auth: who is this, and is the password, key or token still good?",
    ],
    [403, "Forbidden", "SOURCE_FAILED", "source.auth", "check auth: who this is may not do that"],
    [404, "Not Found", "SOURCE_FAILED", "source.url", "check the address"],
    [407, "Proxy Authentication Required", "SOURCE_FAILED", "source.proxy", "check user and password in proxy"],
  ])("of a source's %i says what it means", async (status, text, code, key, advice) => {
    const { fault, where } = await faultFrom("source", status, "no");
    expect(fault).toMatchObject({ code, message: `${key}: ${where} answered ${status} ${text}: no; ${advice}` });
    expect(fault.details).toEqual({ status });
  });

  test.each([
    [400, "ROW_REFUSED", "record"],
    [404, "ROW_REFUSED", "record"],
    [422, "ROW_REFUSED", "record"],
    [401, "SINK_REFUSED", "fatal"],
    [403, "ROW_REFUSED", "record"],
    [407, "SINK_REFUSED", "fatal"],
    [304, "SINK_REFUSED", "fatal"],
    [408, "SINK_UNAVAILABLE", "transient"],
    [429, "SINK_UNAVAILABLE", "transient"],
    [502, "SINK_UNAVAILABLE", "transient"],
  ])("of a sink's %i is %s", async (status, code, fault) => {
    expect((await faultFrom("sink", status, "")).fault).toMatchObject({ code, fault });
  });

  test("does not show what may be a secret, unless it is too short for one", async () => {
    const echo = "no such page: /items?page=1234567&key=12345678";
    await using server = await serve((_request, response) => void response.writeHead(404).end(echo));
    await using client = await clientWith({}, { suspects: ["1234567", "12345678"] });
    const reply = await get(client, `${server.base}/items`);
    const { message } = client.faultOf(reply, reply.body);
    expect(message).toContain("no such page: /items?page=1234567&key=***");
  });

  test("shows the beginning of the body on one line, without the secrets that were sent", async () => {
    const body = `you sent ${SECRET}\r\n\u001b[31m and \u202eown-s3cret ${"ä".repeat(300)}`;
    const { fault, where } = await faultFrom("sink", 422, body);
    const shown = `you sent *** [31m and *** ${"ä".repeat(300)}`.slice(0, 200);
    expect(fault.message).toBe(
      `sink.url: ${where} answered 422 Unprocessable Entity: ${shown}...; check what is sent: address, headers and body`,
    );
  });
});

describe("a fault of the network", () => {
  test.each([
    [
      "nobody listening",
      "http://127.0.0.1:1/x?s3cret",
      "GET http://127.0.0.1:1/x: nobody listens there (ECONNREFUSED); check the address, the network, and whether the server runs",
    ],
    [
      "an unknown name",
      "http://nowhere.invalid/",
      expect.stringMatching(
        /^source.url: GET http:\/\/nowhere.invalid\/: (no host has that name|the name server does not answer)/,
      ),
    ],
  ])("names %s", async (_kind, address, message) => {
    await using client = await clientWith();
    await expect(get(client, address)).rejects.toMatchObject({
      code: "SOURCE_UNAVAILABLE",
      message: typeof message === "string" ? `source.url: ${message}` : message,
    });
  });

  test.each([
    ["is reset", "", "the connection was cut"],
    [
      "is cut within the body",
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
      "the connection was cut within the reply",
    ],
    ["speaks no HTTP", "SSH-2.0-OpenSSH_9.6\r\n", "what came back is no proper HTTP"],
  ])("names a server that %s", async (_kind, bytes, told) => {
    await using server = await serveRaw((socket) => {
      if (bytes.startsWith("SSH")) socket.write(bytes);
      else socket.write(bytes, () => socket.resetAndDestroy());
    });
    await using client = await clientWith({}, { side: "sink", name: "sink" });
    await expect(get(client, server.base)).rejects.toMatchObject({
      code: "SINK_UNAVAILABLE",
      message: expect.stringContaining(`sink.url: GET ${server.base}/: ${told} (`),
    });
  });

  test("names a port that speaks no TLS, and does not wait for it to learn that", async () => {
    await using server = await serve((_request, response) => void response.end());
    await using client = await clientWith();
    const address = server.base.replace("http", "https");
    await expect(get(client, address)).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      message: expect.stringContaining("that port does not speak TLS as it should"),
    });
  });

  test.each([
    [
      "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
      "source.tls",
      "the server wants a certificate of this client, or does not trust the one it got",
    ],
    [
      "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
      "source.tls",
      "the server wants a certificate of this client, or does not trust the one it got",
    ],
    ["EPROTO", "source.tls", "the server wants a certificate of this client, or does not trust the one it got"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "source.tls", "the server's certificate is not trusted"],
    ["CERT_HAS_EXPIRED", "source.tls", "the server's certificate has expired"],
    ["CERT_NOT_YET_VALID", "source.tls", "the server's certificate is not valid yet"],
    ["UND_ERR_PRX_TLS", "source.proxy", "the proxy's certificate is for another host"],
  ])("names %s of TLS, which stays", (code, key, told) => {
    const timeout = { connect: 1, headers: 1, idle: 1, total: undefined };
    const faults = new NetworkFaults(new Faults("source", "source"), timeout);
    const asked = { method: "GET", url: new URL("https://api.example.com/items?key=s3cret"), answered: false };
    expect(
      faults.of(Object.assign(new Error("write EPROTO: sslv3 alert handshake failure"), { code }), asked),
    ).toMatchObject({
      code: "SOURCE_FAILED",
      message: expect.stringContaining(`${key}: GET https://api.example.com/items: ${told} (${code}); `),
    });
  });

  test("names headers without end", async () => {
    await using server = await serveRaw(
      (socket) => void socket.write(`HTTP/1.1 200 OK\r\nx: ${"x".repeat(20_000)}\r\n\r\n`),
    );
    await using client = await clientWith();
    const sent = client.send({ method: "GET", url: new URL(server.base) }, { signal: never, maxBytes: 9 });
    await expect(sent).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      message: `source.url: GET ${server.base}/: the reply's headers are longer than 16 KiB (UND_ERR_HEADERS_OVERFLOW); have the server send fewer`,
    });
  });
});
