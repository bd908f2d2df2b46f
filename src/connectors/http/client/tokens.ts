/** Access tokens of OAuth 2.0 by client credentials: RFC 6749, 4.4. */
import { Buffer } from "node:buffer";
import type { Clock } from "../../../core/clock.ts";
import { MillraceError } from "../../../core/errors.ts";
import { Secret } from "../../../core/secret.ts";
import { abortable } from "../../../runtime/abortable.ts";
import type { HttpConnectionOptions } from "../connection-options.ts";
import type { Faults } from "./faults.ts";
import type { HttpCall, HttpReply } from "./port.ts";
import { retryAfterMs } from "./retry-after.ts";
import type { Secrets } from "./secrets.ts";
import { shownUrl } from "./shown-url.ts";
import { textOfBody } from "./text-of-body.ts";

type OAuth2 = Extract<NonNullable<HttpConnectionOptions["auth"]>, { type: "oauth2" }>;

/** A token is not used any more so long before its end, or in the last fifth of a short life. */
const MARGIN_MS = 30_000;
const MARGIN_SHARE = 0.2;

const MOST_RECENT = 3;

/** What a token source needs. */
export interface TokensOptions {
  readonly auth: OAuth2;
  /** Sends one request as it is, following no redirect: what it carries is for that address alone. */
  readonly send: (call: HttpCall) => Promise<HttpReply>;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly secrets: Secrets;
}

interface Kept {
  readonly secret: Secret;
  /** Monotonic time. */
  readonly until: number;
}

/** Gives everybody the same token as long as it is good, and fetches a new one once for all who wait. */
export class Tokens {
  readonly #options: TokensOptions;
  #kept: Kept | undefined;
  #fetching: Promise<Secret> | undefined;
  /** The last ones, oldest first: requests that carry them may still be under way. */
  readonly #recent: Secret[] = [];

  constructor(options: TokensOptions) {
    this.#options = options;
    options.secrets.add(options.auth.clientSecret);
  }

  /**
   * The token; `fresh` when whoever asks had to wait for it.
   *
   * @throws MillraceError SOURCE_UNAVAILABLE, SOURCE_FAILED or SINK_UNAVAILABLE, SINK_REFUSED; ABORTED
   */
  async get(signal: AbortSignal): Promise<{ readonly secret: Secret; readonly fresh: boolean }> {
    if (this.#kept !== undefined && this.#options.clock.monotonic() < this.#kept.until)
      return { secret: this.#kept.secret, fresh: false };
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return { secret: await abortable(this.#fetching, signal), fresh: true };
  }

  /** The server does not take it any more. One that is newer stays. */
  drop(secret: Secret): void {
    if (this.#kept?.secret === secret) this.#kept = undefined;
  }

  async #fetch(): Promise<Secret> {
    const { clock, secrets } = this.#options;
    const asked = clock.monotonic();
    const { token, livesMs } = this.#tokenOf(await this.#options.send(this.#request()));
    secrets.add(token);
    const secret = new Secret(token);
    this.#recent.push(secret);
    while (this.#recent.length > MOST_RECENT) secrets.forget(this.#recent.shift()?.reveal() ?? "");
    this.#kept = { secret, until: asked + livesMs - Math.min(MARGIN_MS, livesMs * MARGIN_SHARE) };
    return secret;
  }

  #request(): HttpCall {
    const { auth, secrets } = this.#options;
    const { clientId, clientSecret, scope } = auth;
    const form = new URLSearchParams({ grant_type: "client_credentials", ...auth.parameters });
    if (scope !== undefined) form.set("scope", scope);
    const headers: Record<string, string> = {
      accept: "application/json",
      "content-type": "application/x-www-form-urlencoded",
    };
    if (auth.clientAuth === "body") {
      form.set("client_id", clientId);
      form.set("client_secret", clientSecret);
    } else {
      const word = Buffer.from(`${formText(clientId)}:${formText(clientSecret)}`).toString("base64");
      secrets.add(word);
      headers["authorization"] = `Basic ${word}`;
    }
    return { method: "POST", url: new URL(auth.tokenUrl), headers, body: Buffer.from(form.toString()) };
  }

  #tokenOf(reply: HttpReply): { readonly token: string; readonly livesMs: number } {
    if (reply.status !== 200) throw this.#refusal(reply);
    const { access_token: token, token_type: type, expires_in: seconds } = fieldsOf(reply.body);
    if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token))
      throw this.#lasting("gave no access_token; is it the address where tokens are fetched?");
    if (typeof type === "string" && type.toLowerCase() !== "bearer")
      throw this.#lasting(`gave a token of type ${textOfBody(type)}; only bearer tokens can be used`);
    // Some servers give the number as a text. Without any, it is used until the server refuses it.
    const lives = Number(seconds ?? Number.NaN);
    return { token, livesMs: lives > 0 ? lives * 1_000 : Number.POSITIVE_INFINITY };
  }

  #refusal(reply: HttpReply): MillraceError {
    const { secrets, clock } = this.#options;
    const { error, error_description: description } = fieldsOf(reply.body);
    const said = [error, description].filter((text) => typeof text === "string").join(": ");
    const told = `answered ${reply.status}${said === "" ? "" : ` (${textOfBody(secrets.hide(said))})`}`;
    const { status } = reply;
    if (status === 408 || status === 425 || status === 429 || status >= 500) {
      const waitMs = retryAfterMs((name) => reply.header(name), clock.now());
      const details = { status, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) };
      return this.#options.faults.passing("auth", `${this.#where} ${told}; it is tried again`, { details });
    }
    if (status >= 300 && status < 400)
      return this.#lasting(`${told}; set auth.tokenUrl to the address it redirects to`);
    return this.#lasting(`${told}; check auth: clientId, clientSecret, scope, and clientAuth`);
  }

  #lasting(told: string): MillraceError {
    return this.#options.faults.lasting("auth", `${this.#where} ${told}`);
  }

  get #where(): string {
    return `POST ${shownUrl(new URL(this.#options.auth.tokenUrl))}`;
  }
}

/** RFC 6749, 2.3.1 has both encoded as a form would, before they are joined. */
function formText(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}

/** Of an object; of anything else none. */
function fieldsOf(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString());
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
