/** How requests prove who they are from. */
import { Buffer } from "node:buffer";
import { Secret } from "../../../core/secret.ts";
import type { HttpConnectionOptions } from "../connection-options.ts";
import type { Secrets } from "./secrets.ts";
import type { Tokens } from "./tokens.ts";

/** What one request carries; secrets, so it is nowhere shown. */
export interface Login {
  readonly headers: Readonly<Record<string, string>>;
  /** Name and value of a parameter of the address. */
  readonly query?: readonly [name: string, value: string];
  /** The token among them, if it can run out; `fresh` when it was fetched for this very request. */
  readonly token?: { readonly secret: Secret; readonly fresh: boolean };
}

type Auth = NonNullable<HttpConnectionOptions["auth"]>;

/** Auth that is the same for all requests; undefined for tokens that are fetched. */
export function fixedLogin(auth: Auth | undefined, secrets: Secrets): Login | undefined {
  switch (auth?.type) {
    case undefined:
      return { headers: {} };
    case "basic": {
      secrets.add(auth.password);
      return { headers: { authorization: basic(auth.username, auth.password, secrets) } };
    }
    case "bearer":
      secrets.add(auth.token);
      return { headers: { authorization: `Bearer ${auth.token}` } };
    case "apiKey":
      secrets.add(auth.value);
      if (auth.in === "query") return { headers: {}, query: [auth.name, auth.value] };
      return { headers: { [auth.name.toLowerCase()]: auth.value } };
    case "oauth2":
      return undefined;
  }
}

/** A login with the token that is valid now. @throws MillraceError */
export async function tokenLogin(tokens: Tokens, signal: AbortSignal): Promise<Login> {
  const token = await tokens.get(signal);
  return { headers: { authorization: `Bearer ${token.secret.reveal()}` }, token };
}

/** The Authorization header of RFC 7617. */
export function basic(user: string, password: string, secrets: Secrets): string {
  const word = Buffer.from(`${user}:${password}`).toString("base64");
  secrets.add(word);
  return `Basic ${word}`;
}
