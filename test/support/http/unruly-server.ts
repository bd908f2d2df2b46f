/** An HTTP server that misbehaves on purpose, by plan and by seed, and remembers what it was asked. */
import { once } from "node:events";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { isBeforeActing, refuse, send, sendFaulty } from "./delivery.ts";
import type { Fault } from "./fault.ts";
import { FaultPlan, type FaultRule } from "./fault-plan.ts";
import { type Endpoint, emptyReply, type Request } from "./reply.ts";

/** What answers a path, and what goes wrong there. */
export interface Route {
  readonly endpoint: Endpoint;
  readonly faults?: readonly FaultRule[];
}

/** How a server is set up. */
export interface UnrulyOptions {
  readonly routes: { readonly [path: string]: Route };
  /** Of all chances. */
  readonly seed?: number;
  /** Speaks HTTPS with these, as PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** What came, and what became of it. */
export interface SeenRequest extends Request {
  /** Milliseconds of a clock that only ever goes on. */
  readonly at: number;
  /** Which of the server's connections it came over, from 1. */
  readonly connection: number;
  readonly fault: Fault | null;
}

/** How many requests are under way now, and at most were. */
interface Load {
  now: number;
  most: number;
}

/**
 * One server; disposing it breaks all its connections.
 *
 * @example
 * const items = new ItemsApi({ total: 500 });
 * const faults = [{ fault: { does: "refuse", status: 503 }, every: 3 }];
 * await using server = await UnrulyServer.listen({ routes: { "/items": { endpoint: items, faults } } });
 */
export class UnrulyServer implements AsyncDisposable {
  /** In the order in which they had come whole. */
  readonly seen: SeenRequest[] = [];
  readonly #server: http.Server;
  readonly #scheme: "http" | "https";
  readonly #routes: ReadonlyMap<string, { readonly endpoint: Endpoint; readonly plan: FaultPlan }>;
  readonly #connections = new WeakMap<Socket, number>();
  readonly #load: Load = { now: 0, most: 0 };
  #connected = 0;

  private constructor({ routes, seed = 1, tls }: UnrulyOptions) {
    this.#routes = new Map(
      Object.entries(routes).map(([path, { endpoint, faults = [] }], index) => [
        path,
        { endpoint, plan: new FaultPlan(faults, seed + index) },
      ]),
    );
    const listener = (message: IncomingMessage, response: ServerResponse): void => void this.#serve(message, response);
    const options = { keepAliveTimeout: 60_000, requestTimeout: 0 };
    this.#scheme = tls === undefined ? "http" : "https";
    this.#server =
      tls === undefined ? http.createServer(options, listener) : https.createServer({ ...options, ...tls }, listener);
    this.#server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
      this.#connections.set(socket, ++this.#connected);
      socket.on("error", () => {});
    });
  }

  /** Listens on a port of its own, or on one that is given. */
  static async listen(options: UnrulyOptions, port = 0): Promise<UnrulyServer> {
    const server = new UnrulyServer(options);
    server.#server.listen(port, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Its address, without a path. */
  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  /** Connections that were made to it until now. */
  get connected(): number {
    return this.#connected;
  }

  /** The most requests that were under way at the same time. */
  get mostAtOnce(): number {
    return this.#load.most;
  }

  /** The requests of one path. */
  seenAt(path: string): readonly SeenRequest[] {
    return this.seen.filter(({ url }) => url.pathname === path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => {});
    const load = this.#load;
    load.most = Math.max(load.most, ++load.now);
    response.once("close", () => load.now--);
    const body = await textOf(message).catch(() => null);
    if (body !== null) await this.#answer(message, response, body);
  }

  async #answer(message: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
    const request: Request = {
      number: this.seen.length + 1,
      method: message.method ?? "",
      url: new URL(message.url ?? "/", this.url),
      headers: message.headers as Request["headers"],
      body,
    };
    const route = this.#routes.get(request.url.pathname);
    const fault = route?.plan.next() ?? null;
    const connection = this.#connections.get(message.socket) ?? 0;
    this.seen.push({ ...request, at: performance.now(), connection, fault });
    if (route === undefined) return await send(response, emptyReply(404));
    if (fault !== null && isBeforeActing(fault)) return await refuse(response, fault);
    const reply = route.endpoint.answer(request);
    if (fault === null) await send(response, reply);
    else await sendFaulty(response, reply, fault);
  }
}

async function textOf(message: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
