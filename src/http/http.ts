/** An HTTP client for transforms and other code of one's own: what the connectors have, for single calls. */
import type { HttpClient, HttpReply } from "../connectors/http/client/port.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import { systemRandom } from "../core/random.ts";
import { Addresses } from "./address.ts";
import { CallEnd } from "./call-end.ts";
import { type CheckedHttpOptions, checkHttpOptions, type HttpOptions } from "./options.ts";
import { type Exchange, PatientClient, type PatientClientOptions } from "./patient-client.ts";
import { type HttpCallOptions, type HttpRequest, prepare } from "./request.ts";
import { HttpResponse } from "./response.ts";
import { Turns } from "./turns.ts";

/** What a client is doing and has done. */
export interface HttpStats {
  /** Connections that are open. */
  readonly connections: number;
  /** Calls under way, and those that wait because `concurrency` are. */
  readonly active: number;
  readonly waiting: number;
  /** Requests sent so far, and those of them that had been sent before. */
  readonly sent: number;
  readonly repeated: number;
}

/**
 * Calls over one pool of connections that are kept alive. Disposing of it ends the calls under way and closes them.
 *
 * What may pass (no connection, 408, 425, 429, 5xx) is tried again for `retry.for`; then, and for any other status that is
 * none of success, the methods that give JSON throw REQUEST_FAILED with what the server said. In a transform that rejects
 * the record.
 */
export interface Http extends AsyncDisposable {
  /**
   * Gets JSON, of the type that the caller expects.
   *
   * @param address a part of the client's `url`; values go in by {@link path}
   * @throws MillraceError REQUEST_FAILED; ABORTED
   */
  getJson<T = unknown>(address: string | URL, options?: HttpCallOptions): Promise<T>;
  /** As {@link Http.getJson}, but undefined where there is no such thing: 404 and 410. */
  findJson<T = unknown>(address: string | URL, options?: HttpCallOptions): Promise<T | undefined>;
  /** Posts JSON, and gives the answer's; undefined where that is empty. @throws MillraceError REQUEST_FAILED; ABORTED */
  postJson<T = unknown>(address: string | URL, json: unknown, options?: HttpCallOptions): Promise<T>;
  /** Any request, and whatever status it is answered with in the end. @throws MillraceError REQUEST_FAILED where there is no answer; ABORTED */
  request(address: string | URL, request?: HttpRequest): Promise<HttpResponse>;
  readonly stats: HttpStats;
}

/**
 * Makes a client, to be shared by all calls of a thread: in a transform's `setup`. Loads undici.
 *
 * @throws MillraceError CONFIG_INVALID
 * @example
 * export const setup = () => createHttp({ url: "https://api.example.com", concurrency: 100 });
 * export const teardown = ({ resources }: TeardownContext<Http>) => resources[Symbol.asyncDispose]();
 *
 * const transform: AsyncTransform<Order, object, Http> = async (order, context) => {
 *   const { resources: api, signal } = context;
 *   const user = await api.findJson<User>(path`users/${order.userId}`, { signal });
 *   return user === undefined ? context.reject("no such user") : { ...order, country: user.country };
 * };
 */
export async function createHttp(options: HttpOptions = {}): Promise<Http> {
  const checked = checkHttpOptions(options);
  const { createHttpClient } = await import("../connectors/http/client/client.ts");
  const client = await createHttpClient(checked, {
    side: "source",
    name: checked.name,
    baseDir: process.cwd(),
    clock: systemClock,
    connections: checked.concurrency,
    headers: checked.headers,
  });
  return new HttpCalls(checked, { client, clock: systemClock, random: systemRandom });
}

/** The calls over a client that is there. */
export class HttpCalls implements Http {
  readonly #addresses: Addresses;
  readonly #patient: PatientClient;
  readonly #client: HttpClient;
  readonly #clock: Clock;
  readonly #turns: Turns;
  readonly #closed = new AbortController();

  constructor(
    options: Pick<CheckedHttpOptions, "url" | "concurrency" | "retry" | "maxBytes">,
    world: Pick<PatientClientOptions, "client" | "clock" | "random">,
  ) {
    this.#addresses = new Addresses(options.url);
    this.#patient = new PatientClient({ ...options, ...world });
    this.#client = world.client;
    this.#clock = world.clock;
    this.#turns = new Turns(options.concurrency);
  }

  async getJson<T>(address: string | URL, options: HttpCallOptions = {}): Promise<T> {
    return new HttpResponse(await this.#succeed(address, options)).json<T>();
  }

  async findJson<T>(address: string | URL, options: HttpCallOptions = {}): Promise<T | undefined> {
    const { reply, fault } = await this.#exchange(address, options);
    if (reply.status === 404 || reply.status === 410) return undefined;
    if (fault !== undefined) throw fault;
    return new HttpResponse(reply).json<T>();
  }

  async postJson<T>(address: string | URL, json: unknown, options: HttpCallOptions = {}): Promise<T> {
    const reply = await this.#succeed(address, { ...options, method: "POST", json });
    return reply.body.byteLength === 0 ? (undefined as T) : new HttpResponse(reply).json<T>();
  }

  async request(address: string | URL, request: HttpRequest = {}): Promise<HttpResponse> {
    const { reply } = await this.#exchange(address, request);
    return new HttpResponse(reply);
  }

  get stats(): HttpStats {
    const { connections } = this.#client.stats;
    return {
      connections,
      active: this.#turns.taken,
      waiting: this.#turns.waiting,
      ...this.#patient.counts,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new MillraceError("CLOSED", "the HTTP client is closed"));
    await this.#client[Symbol.asyncDispose]();
  }

  async #succeed(address: string | URL, request: HttpRequest): Promise<HttpReply> {
    const { reply, fault } = await this.#exchange(address, request);
    if (fault !== undefined) throw fault;
    return reply;
  }

  async #exchange(address: string | URL, request: HttpRequest): Promise<Exchange> {
    const prepared = prepare(this.#addresses, address, request);
    using end = new CallEnd([this.#closed.signal, request.signal], request.timeout, this.#clock);
    using _turn = await this.#turns.take(end.signal);
    return await this.#patient.send(prepared, end.signal);
  }
}
