/** Servers of this machine and clients for them. */
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import type { HttpConnectionOptions } from "../../../../../src/connectors/http/connection-options.ts";
import { createHttpClient, type HttpClientAbout } from "../../../../../src/connectors/http/client/client.ts";
import type { HttpClient, HttpReply } from "../../../../../src/connectors/http/client/port.ts";
import { FakeClock } from "../../../../../src/testing/fake-clock.ts";

/** A server and where it is. */
export interface TestServer extends AsyncDisposable {
  readonly base: string;
  /** How many connections were made. */
  readonly connections: number;
}

/** One that answers as `handler` says. */
export function serve(handler: http.RequestListener): Promise<TestServer> {
  return listening(http.createServer(handler), "http");
}

/** One that says to every connection, at its first bytes, whatever `talk` writes. */
export function serveRaw(talk: (socket: net.Socket, request: string) => void): Promise<TestServer> {
  const server = net.createServer((socket) => {
    socket.on("error", () => undefined).on("data", (bytes: Buffer) => talk(socket, bytes.toString()));
  });
  return listening(server, "http");
}

/** Any server, on a port of its own. */
export async function listening(server: net.Server, scheme: string): Promise<TestServer> {
  const sockets = new Set<net.Socket>();
  let connections = 0;
  server.on("connection", (socket: net.Socket) => {
    connections++;
    sockets.add(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = address === null || typeof address === "string" ? 0 : address.port;
  return {
    base: `${scheme}://127.0.0.1:${port}`,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

const LONG_MS = 30_000;

/** A client with the defaults of the options, and a clock that stands still. */
export function clientWith(
  connection: Partial<HttpConnectionOptions> = {},
  about: Partial<HttpClientAbout> = {},
): Promise<HttpClient> {
  const timeout = { connect: LONG_MS, headers: LONG_MS, idle: LONG_MS, total: undefined };
  return createHttpClient(
    { redirects: 5, timeout, ...connection },
    { side: "source", name: "source", baseDir: ".", clock: new FakeClock(), connections: 4, env: {}, ...about },
  );
}

/** A signal that never comes. */
export const never = new AbortController().signal;

/** Gets a whole reply. */
export function get(client: HttpClient, url: string, maxBytes = 1024 ** 2): Promise<HttpReply> {
  return client.send({ method: "GET", url: new URL(url) }, { signal: never, maxBytes });
}

/** The text of a body. */
export function textOf({ body }: Pick<HttpReply, "body">): string {
  return Buffer.from(body).toString();
}

/** Reads a streamed reply to its end, through a buffer of `step` bytes. */
export async function readAll(client: HttpClient, url: string, step = 64 * 1024): Promise<Buffer> {
  await using reply = await client.open({ method: "GET", url: new URL(url) }, { signal: never });
  const pieces: Buffer[] = [];
  const into = new Uint8Array(step);
  for (let length = await reply.read(into); length > 0; length = await reply.read(into))
    pieces.push(Buffer.from(into.slice(0, length)));
  return Buffer.concat(pieces);
}
