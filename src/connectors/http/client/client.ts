/** The HTTP client of a source or sink, over undici. */
import process from "node:process";
import type { Clock } from "../../../core/clock.ts";
import type { MillraceError } from "../../../core/errors.ts";
import { formatBytes } from "../../../core/quantity.ts";
import type { HttpConnectionOptions } from "../connection-options.ts";
import { decoded } from "./content-encoding.ts";
import { fixedLogin, type Login, tokenLogin } from "./credentials.ts";
import { Dispatchers } from "./dispatchers.ts";
import type { Errand } from "./errand.ts";
import { Errands } from "./errands.ts";
import type { Exchange } from "./exchange.ts";
import { Faults, type Side } from "./faults.ts";
import { NetworkFaults } from "./network-faults.ts";
import { joined } from "./piece-source.ts";
import type { HttpAnswer, HttpCall, HttpClient, HttpReply, HttpStreamedReply, HttpWait } from "./port.ts";
import { type Leg, nextLeg, privateValues, type RedirectRules } from "./redirects.ts";
import { Answer, Reply, StreamedReply } from "./replies.ts";
import { standingHeaders } from "./standing-headers.ts";
import { Secrets } from "./secrets.ts";
import { shownUrl } from "./shown-url.ts";
import { StatusFaults } from "./status-faults.ts";
import { Tokens } from "./tokens.ts";
import { Turnstile } from "./turnstile.ts";
import { Wire } from "./wire.ts";

/** Limit of a reply that is read whole, when the config names none. */
const TOTAL_MS = 5 * 60 * 1_000;

/** The longest answer of a token's address. */
const TOKEN_BYTES = 1024 * 1024;

/** What a client is told beside the options of its connection. */
export interface HttpClientAbout {
  readonly side: Side;
  /** Key path of the source or sink, for messages. */
  readonly name: string;
  /** Folder that paths of certificates start from. */
  readonly baseDir: string;
  readonly clock: Clock;
  /** Most connections per host. */
  readonly connections: number;
  /** Of every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Texts that may be secrets although nobody said so, such as parameters of an address. */
  readonly suspects?: readonly string[];
  /** The environment, which may name proxies; that of the process when absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Makes a client; connections are made when requests need them.
 *
 * @throws MillraceError CONFIG_UNREADABLE for a certificate, CONFIG_INVALID for a header, a certificate or a proxy that
 *   cannot be used
 * @example
 * await using client = await createHttpClient(connection, { side: "source", name: "source", baseDir, clock, connections: 4 });
 * const reply = await client.send({ method: "GET", url }, { signal, maxBytes: 1024 ** 2 });
 * if (reply.status !== 200) throw client.faultOf(reply, reply.body);
 */
export async function createHttpClient(connection: HttpConnectionOptions, about: HttpClientAbout): Promise<HttpClient> {
  const { side, name, baseDir, connections, env = process.env } = about;
  const faults = new Faults(side, name);
  const headers = standingHeaders(about.headers ?? {}, connection.auth, faults);
  const dispatchers = await Dispatchers.create({ connection, faults, baseDir, connections, env });
  return new ConnectedClient({ connection, about, faults, dispatchers, headers });
}

interface Parts {
  readonly connection: HttpConnectionOptions;
  readonly about: HttpClientAbout;
  readonly faults: Faults;
  readonly dispatchers: Dispatchers;
  readonly headers: Readonly<Record<string, string>>;
}

class ConnectedClient implements HttpClient {
  readonly #clock: Clock;
  readonly #secrets: Secrets;
  readonly #faults: Faults;
  readonly #network: NetworkFaults;
  readonly #status: StatusFaults;
  readonly #dispatchers: Dispatchers;
  readonly #wire: Wire;
  readonly #turnstile: Turnstile;
  readonly #errands: Errands;
  readonly #redirects: RedirectRules;
  readonly #closing = new AbortController();
  /** Undefined: tokens are fetched. */
  readonly #login: Login | undefined;
  readonly #tokens: Tokens | undefined;

  constructor({ connection, about, faults, dispatchers, headers }: Parts) {
    const { auth, timeout } = connection;
    const { clock } = about;
    const secrets = new Secrets();
    for (const text of [...privateValues(headers), ...(about.suspects ?? [])]) secrets.suspect(text);
    this.#secrets = secrets;
    this.#clock = clock;
    this.#faults = faults;
    this.#network = new NetworkFaults(faults, timeout);
    this.#status = new StatusFaults(faults, secrets);
    this.#dispatchers = dispatchers;
    const turnstile = new Turnstile(connection.rateLimit, clock);
    const holdBack = (delayMs: number): void => turnstile.holdBack(delayMs);
    this.#turnstile = turnstile;
    this.#wire = new Wire({ dispatchers, headers, timeout, faults: this.#network, secrets, clock, holdBack });
    const limitMs = timeout.total ?? TOTAL_MS;
    this.#errands = new Errands({ clock, limitMs, late: (call) => this.#network.total(call, limitMs) });
    this.#login = fixedLogin(auth, secrets);
    this.#redirects = { faults, limit: connection.redirects, keyParameter: this.#login?.query?.[0] };
    if (auth?.type === "oauth2")
      this.#tokens = new Tokens({ auth, send: (call) => this.#sendAlone(call), clock, faults, secrets });
  }

  get stats(): { readonly connections: number; readonly requests: number } {
    return { connections: this.#dispatchers.connections, requests: this.#wire.requests };
  }

  async send(call: HttpCall, { signal, maxBytes }: HttpWait & { readonly maxBytes: number }): Promise<HttpReply> {
    using errand = this.#errands.begin(call, signal);
    const { exchange, leg } = await this.#answer(call, errand);
    return new Reply(exchange, leg, await this.#wholeOf(exchange, maxBytes));
  }

  async open(call: HttpCall, { signal }: HttpWait): Promise<HttpStreamedReply> {
    const errand = this.#errands.begin(call, signal);
    try {
      const { exchange, leg } = await this.#answer(call, errand);
      errand.relax();
      return new StreamedReply(exchange, leg, { source: decoded(exchange, this.#faults), errand });
    } catch (thrown) {
      errand[Symbol.dispose]();
      throw thrown;
    }
  }

  faultOf(answer: HttpAnswer, body: Uint8Array): MillraceError {
    const { method, abroad } = answer instanceof Answer ? answer : { method: "request to", abroad: false };
    return this.#status.of({ answer, method, abroad, body }, this.#clock.now());
  }

  hide(text: string): string {
    return this.#secrets.hide(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#turnstile[Symbol.dispose]();
    this.#errands[Symbol.dispose]();
    await this.#dispatchers[Symbol.asyncDispose]();
  }

  /** The final answer, redirects followed. */
  async #answer(call: HttpCall, errand: Errand): Promise<{ readonly exchange: Exchange; readonly leg: Leg }> {
    let leg: Leg = { call, abroad: false, trail: [call.url] };
    for (;;) {
      const exchange = await this.#loggedIn(leg, errand);
      const next = nextLeg(leg, exchange, this.#redirects);
      if (next === undefined) return { exchange, leg };
      await exchange.drop();
      leg = next;
    }
  }

  /** One request with its credentials; a token that the server does not take any more is renewed once. */
  async #loggedIn({ call, abroad }: Leg, errand: Errand): Promise<Exchange> {
    for (let again = false; ; again = true) {
      const turn = this.#turnstile.pass(errand.signal);
      if (turn !== undefined) await turn;
      const login = abroad ? undefined : (this.#login ?? (await this.#tokenLogin(errand)));
      errand.assertOn();
      const exchange = this.#wire.start(call, login);
      errand.run(exchange);
      await exchange.head();
      const token = exchange.status === 401 ? login?.token : undefined;
      if (token === undefined || this.#tokens === undefined) return exchange;
      this.#tokens.drop(token.secret);
      if (token.fresh || again) return exchange;
      await exchange.drop();
    }
  }

  async #tokenLogin(errand: Errand): Promise<Login | undefined> {
    return this.#tokens && (await tokenLogin(this.#tokens, errand.signal));
  }

  /** For tokens: neither credentials of the connection, nor its headers, rate limit or redirects. */
  async #sendAlone(call: HttpCall): Promise<HttpReply> {
    const { signal } = this.#closing;
    using errand = this.#errands.begin(call, signal);
    const exchange = this.#wire.start(call, undefined);
    errand.run(exchange);
    await exchange.head();
    const leg = { call, abroad: false, trail: [] };
    return new Reply(exchange, leg, await this.#wholeOf(exchange, TOKEN_BYTES));
  }

  async #wholeOf(exchange: Exchange, maxBytes: number): Promise<Uint8Array> {
    const source = decoded(exchange, this.#faults);
    const isLonger = Number(exchange.header("content-length") ?? 0) > maxBytes && exchange.method !== "HEAD";
    if (!isLonger) {
      const body = await (source === exchange ? exchange.whole(maxBytes) : joined(source, maxBytes));
      if (body !== undefined) return body;
    }
    const told = `${exchange.method} ${shownUrl(exchange.url)}: the reply is longer than ${formatBytes(maxBytes)}`;
    if (this.#faults.side === "sink") throw this.#faults.lasting("url", `${told}, which no answer to a sink should be`);
    throw this.#faults.lasting("maxBytes", `${told}; raise it, or ask for smaller pages`);
  }
}
