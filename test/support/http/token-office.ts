/** OAuth2's client credentials grant (RFC 6749, 4.4): tokens are issued, run out, and are asked for at every door. */
import { type Endpoint, emptyReply, jsonReply, type Reply, type Request } from "./reply.ts";

/** How an office differs from the usual one. */
export interface TokenOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** What it says of a token's life, seconds. */
  readonly expiresIn?: number;
  /** Requests after which a token is no good any more, whatever was said. */
  readonly goodFor?: number;
}

/** Issues tokens, of which only the newest is good. */
export class TokenOffice implements Endpoint {
  readonly #options: TokenOptions;
  #issued = 0;
  #used = 0;
  #valid: string | undefined;

  constructor(options: TokenOptions) {
    this.#options = options;
  }

  /** Tokens that were issued. */
  get issued(): number {
    return this.#issued;
  }

  /** The newest token is no good any more. */
  expire(): void {
    this.#valid = undefined;
  }

  answer(request: Request): Reply {
    if (!this.#isClient(request)) return jsonReply('{"error":"invalid_client"}', 401);
    const form = new URLSearchParams(request.body);
    if (form.get("grant_type") !== "client_credentials") return jsonReply('{"error":"unsupported_grant_type"}', 400);
    this.#valid = `token-${++this.#issued}-of-office`;
    this.#used = 0;
    const { expiresIn = 3_600 } = this.#options;
    return jsonReply(JSON.stringify({ access_token: this.#valid, token_type: "bearer", expires_in: expiresIn }));
  }

  /** The endpoint, for who has a good token. */
  guard(endpoint: Endpoint): Endpoint {
    return { answer: (request) => (this.#admits(request) ? endpoint.answer(request) : challenge()) };
  }

  #admits({ headers }: Request): boolean {
    const { goodFor = Number.POSITIVE_INFINITY } = this.#options;
    if (this.#valid === undefined || headers["authorization"] !== `Bearer ${this.#valid}`) return false;
    return this.#used++ < goodFor;
  }

  /** Id and secret stand in the Authorization header, form-encoded, or in the form. */
  #isClient({ headers, body }: Request): boolean {
    const { clientId, clientSecret } = this.#options;
    const form = new URLSearchParams(body);
    if (form.get("client_id") === clientId && form.get("client_secret") === clientSecret) return true;
    const basic = /^Basic (.+)$/.exec(headers["authorization"] ?? "")?.[1] ?? "";
    const pair = Buffer.from(basic, "base64")
      .toString()
      .split(":")
      .map((part) => decodeURIComponent(part));
    return pair[0] === clientId && pair[1] === clientSecret;
  }
}

function challenge(): Reply {
  return emptyReply(401, { "www-authenticate": 'Bearer error="invalid_token"' });
}
