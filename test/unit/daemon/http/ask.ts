/** Asks a server as no well-behaved client would: byte by byte, with any Host, without reading. */
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { serveAdmin, type AdminServerOptions } from "../../../../src/daemon/http/server.ts";
import type { RouteServer } from "../../../../src/server/server.ts";
import { FakeRuntime } from "./fake-runtime.ts";

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** What is asked. */
export interface Question {
  readonly method?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
}

/** A server over a fake runtime. */
export interface Served extends AsyncDisposable {
  readonly runtime: FakeRuntime;
  readonly server: RouteServer;
  readonly port: number;
  /** Faults that it reported. */
  readonly faults: unknown[];
  ask(path: string, question?: Question): Promise<Answer>;
  post(path: string, body?: unknown, headers?: http.OutgoingHttpHeaders): Promise<Answer>;
  /** Sends bytes as they are and reads until the server closes. */
  raw(bytes: string): Promise<string>;
}

export async function serve(options: Partial<AdminServerOptions> = {}): Promise<Served> {
  const runtime = new FakeRuntime();
  const faults: unknown[] = [];
  const report = (fault: unknown): void => void faults.push(fault);
  const server = await serveAdmin(runtime, { port: 0, clock: runtime.clock, report, ...options });
  const port = Number(new URL(server.url).port);
  const ask = (path: string, question: Question = {}): Promise<Answer> => askAt(port, path, question);
  const post = (path: string, body: unknown = {}, headers: http.OutgoingHttpHeaders = {}): Promise<Answer> =>
    ask(path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  const raw = (bytes: string): Promise<string> => readAll(port, bytes);
  return { runtime, server, port, faults, ask, post, raw, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

async function askAt(port: number, path: string, { method = "GET", headers = {}, body }: Question): Promise<Answer> {
  const request = http.request({ host: "127.0.0.1", port, path, method, headers, agent: false });
  // A server that refuses a body early may cut it off behind its answer.
  request.on("error", () => {});
  request.end(body);
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  let text = "";
  response.setEncoding("utf8");
  for await (const part of response) text += part as string;
  return { status: response.statusCode ?? 0, headers: response.headers, body: text };
}

/** A connection that has sent these bytes. */
export async function connect(port: number, bytes: string): Promise<net.Socket> {
  const socket = open(port);
  await once(socket, "connect");
  socket.write(bytes);
  return socket;
}

/** A server that takes no more connections may close one before it has sent anything. */
async function readAll(port: number, bytes: string): Promise<string> {
  const socket = open(port);
  let text = "";
  socket.setEncoding("latin1").on("data", (part: string) => {
    text += part;
  });
  socket.write(bytes);
  // Not once(): a connection that is reset has closed too.
  await new Promise((resolve) => void socket.on("close", resolve));
  return text;
}

function open(port: number): net.Socket {
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => {});
  return socket;
}
