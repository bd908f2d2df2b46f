/** Puts single requests on the wire: which headers they carry, through which dispatcher they go, how long they may take. */
import type { Clock } from "../../../core/clock.ts";
import type { HttpConnectionOptions } from "../connection-options.ts";
import { basic, type Login } from "./credentials.ts";
import type { Dispatchers } from "./dispatchers.ts";
import { Exchange, type ExchangeHost } from "./exchange.ts";
import type { NetworkFaults } from "./network-faults.ts";
import type { HttpCall } from "./port.ts";
import { harmless } from "./redirects.ts";
import { retryAfterMs } from "./retry-after.ts";
import type { Secrets } from "./secrets.ts";

/** What a wire works with. */
export interface WireOptions {
  readonly dispatchers: Dispatchers;
  /** Of every request, by lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeout: HttpConnectionOptions["timeout"];
  readonly faults: NetworkFaults;
  readonly secrets: Secrets;
  readonly clock: Clock;
  /** Told when a server asks to be left alone. */
  readonly holdBack: (delayMs: number) => void;
}

type Headers = Readonly<Record<string, string>>;

/** Answers whose Retry-After holds up all other requests as well. */
const SLOW_DOWN: ReadonlySet<number> = new Set([429, 503]);

/** The way from a call to an exchange. */
export class Wire implements ExchangeHost {
  readonly faults: NetworkFaults;
  readonly #options: WireOptions;
  readonly #harmless: Headers;
  #requests = 0;

  constructor(options: WireOptions) {
    this.faults = options.faults;
    this.#options = options;
    this.#harmless = harmless(options.headers);
  }

  /** Requests whose answers are not through. */
  get requests(): number {
    return this.#requests;
  }

  /** Begins an exchange. @param login absent: the connection's own headers stay at home too, but for harmless ones */
  start(call: HttpCall, login: Login | undefined): Exchange {
    const { dispatchers, timeout } = this.#options;
    const { url } = call;
    const exchange = new Exchange(call, this);
    this.#requests++;
    const request = {
      origin: url.origin,
      path: pathOf(url, login?.query),
      method: call.method,
      headers: this.#headersOf(call, login),
      headersTimeout: timeout.headers,
      bodyTimeout: timeout.idle,
      body: call.body ?? null,
    };
    try {
      dispatchers.for(url).dispatch(request, exchange);
    } catch (thrown) {
      exchange.onResponseError(null, thrown);
    }
    return exchange;
  }

  answered(exchange: Exchange): void {
    if (!SLOW_DOWN.has(exchange.status)) return;
    const waitMs = retryAfterMs((name) => exchange.header(name), this.#options.clock.now());
    if (waitMs !== undefined) this.#options.holdBack(waitMs);
  }

  ended(): void {
    this.#requests--;
  }

  #headersOf({ headers, url }: HttpCall, login: Login | undefined): Headers {
    if (login === undefined) return { ...this.#harmless, ...headers };
    const all = { ...this.#options.headers, ...login.headers, ...headers };
    if (url.username !== "" && all["authorization"] === undefined)
      all["authorization"] = userOf(url, this.#options.secrets);
    return all;
  }
}

function pathOf({ pathname, search }: URL, query: Login["query"]): string {
  if (query === undefined) return pathname + search;
  const [name, value] = query;
  return `${pathname}${search}${search === "" ? "?" : "&"}${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
}

/** `user:password@` of an address, as browsers read it. */
function userOf({ username, password }: URL, secrets: Secrets): string {
  secrets.add(decodeURIComponent(password));
  return basic(decodeURIComponent(username), decodeURIComponent(password), secrets);
}
