import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { HttpConnectionOptions } from "../../../../../src/connectors/http/connection-options.ts";
import { FakeClock } from "../../../../../src/testing/fake-clock.ts";
import { clientWith, get, serve, textOf } from "./support.ts";

const SECRET = "s3cr3t & more";

type OAuth2 = Extract<NonNullable<HttpConnectionOptions["auth"]>, { type: "oauth2" }>;

const oauth2 = (base: string, more: Partial<OAuth2> = {}): OAuth2 => ({
  type: "oauth2",
  tokenUrl: `${base}/token?at=home`,
  clientId: "a:b",
  clientSecret: SECRET,
  clientAuth: "header",
  parameters: {},
  ...more,
});

/** Gives tokens t1, t2, ...; takes the newest alone. */
class Office {
  tokens = 0;
  calls = 0;
  expiresIn: number | string | undefined = 3600;
  asked: { readonly form: URLSearchParams; readonly authorization: string | undefined } | undefined;
  /** Other answers to those who ask for tokens. */
  refusal: ((response: ServerResponse) => void) | undefined;
  valid = (authorization: string | undefined): boolean => authorization === `Bearer t${this.tokens}`;

  readonly handler: RequestListener = (request, response) => {
    if (request.url?.startsWith("/token") === true) return this.#issue(request, response);
    this.calls++;
    const isValid = this.valid(request.headers.authorization);
    response.writeHead(isValid ? 200 : 401).end(isValid ? request.headers.authorization : "who?");
  };

  #issue(request: IncomingMessage, response: ServerResponse): void {
    let body = "";
    request.on("data", (piece) => (body += String(piece)));
    request.on("end", () => {
      this.asked = { form: new URLSearchParams(body), authorization: request.headers.authorization };
      if (this.refusal !== undefined) return this.refusal(response);
      this.tokens++;
      response.end(
        JSON.stringify({ access_token: `t${this.tokens}`, token_type: "Bearer", expires_in: this.expiresIn }),
      );
    });
  }
}

describe("a token of OAuth 2.0", () => {
  test("is asked for with id and secret in the header, encoded as a form", async () => {
    const office = new Office();
    await using server = await serve(office.handler);
    await using client = await clientWith({
      auth: oauth2(server.base, { scope: "read write", parameters: { audience: "api" } }),
    });
    expect(textOf(await get(client, server.base))).toBe("Bearer t1");
    expect(Object.fromEntries(office.asked?.form ?? [])).toEqual({
      grant_type: "client_credentials",
      audience: "api",
      scope: "read write",
    });
    expect(office.asked?.authorization).toBe(`Basic ${btoa("a%3Ab:s3cr3t+%26+more")}`);
  });

  test("is asked for with id and secret in the body", async () => {
    const office = new Office();
    await using server = await serve(office.handler);
    await using client = await clientWith({ auth: oauth2(server.base, { clientAuth: "body" }) });
    await get(client, server.base);
    expect(Object.fromEntries(office.asked?.form ?? [])).toMatchObject({ client_id: "a:b", client_secret: SECRET });
    expect(office.asked?.authorization).toBeUndefined();
  });

  test("is fetched once for all who wait, and used until shortly before its end", async () => {
    const office = new Office();
    const clock = new FakeClock();
    await using server = await serve(office.handler);
    await using client = await clientWith({ auth: oauth2(server.base) }, { clock });
    await Promise.all(Array.from({ length: 20 }, () => get(client, server.base)));
    expect(office).toMatchObject({ tokens: 1, calls: 20 });
    await clock.advance((3600 - 30) * 1_000 - 1);
    await get(client, server.base);
    expect(office.tokens).toBe(1);
    await clock.advance(1);
    expect(textOf(await get(client, server.base))).toBe("Bearer t2");
    office.expiresIn = "10";
    await clock.advance(3600 * 1_000);
    await get(client, server.base);
    await clock.advance(8_000);
    await get(client, server.base);
    expect(office.tokens).toBe(4);
  });

  test("that is not taken any more is renewed once, for all who were refused with it", async () => {
    const office = new Office();
    await using server = await serve(office.handler);
    await using client = await clientWith({ auth: oauth2(server.base) }, { connections: 10 });
    await get(client, server.base);
    office.tokens = 7;
    const replies = await Promise.all(Array.from({ length: 10 }, () => get(client, server.base)));
    expect(replies.map(textOf)).toEqual(Array.from({ length: 10 }, () => "Bearer t8"));
    expect(office.tokens).toBe(8);
  });

  test("that is fresh and not taken is an answer", async () => {
    const office = new Office();
    office.valid = () => false;
    await using server = await serve(office.handler);
    await using client = await clientWith({ auth: oauth2(server.base) });
    const reply = await get(client, server.base);
    expect(office).toMatchObject({ tokens: 1, calls: 1 });
    expect(client.faultOf(reply, reply.body)).toMatchObject({
      code: "SOURCE_FAILED",
      message: `source.auth: GET ${server.base}/ answered 401 Unauthorized: who?; check auth: who is this, and is the password, key or token still good?`,
    });
    await get(client, server.base);
    expect(office).toMatchObject({ tokens: 2, calls: 2 });
  });

  test("goes to the origin alone", async () => {
    const office = new Office();
    let seen: string | undefined = "nothing";
    await using abroad = await serve((request, response) => {
      seen = request.headers.authorization;
      response.end();
    });
    await using server = await serve((request, response) => {
      if (request.url === "/away") response.writeHead(302, { location: `${abroad.base}/` }).end();
      else office.handler(request, response);
    });
    await using client = await clientWith({ auth: oauth2(server.base) });
    await get(client, `${server.base}/away`);
    expect(seen).toBeUndefined();
  });

  const fatal = { code: "SOURCE_FAILED", fault: "fatal" };
  const passing = { code: "SOURCE_UNAVAILABLE", fault: "transient" };
  test.each<[string, number, unknown, object, string]>([
    [
      "what it is told",
      400,
      { error: "invalid_client", error_description: `no such client: a:b, ${SECRET},\n s3cr3t%20%26%20more` },
      fatal,
      "answered 400 (invalid_client: no such client: a:b, ***, ***); check auth: clientId, clientSecret, scope, and clientAuth",
    ],
    [
      "a refusal without a reason",
      401,
      "",
      fatal,
      "answered 401; check auth: clientId, clientSecret, scope, and clientAuth",
    ],
    ["trouble", 503, "<html>", passing, "answered 503; it is tried again"],
    ["a redirect", 302, "", fatal, "answered 302; set auth.tokenUrl to the address it redirects to"],
    ["nothing of use", 200, { token: "x" }, fatal, "gave no access_token; is it the address where tokens are fetched?"],
    [
      "another kind",
      200,
      { access_token: "x", token_type: "mac" },
      fatal,
      "gave a token of type mac; only bearer tokens can be used",
    ],
  ])("that is not given tells %s, and never the secret", async (_kind, status, body, fault, told) => {
    const office = new Office();
    office.refusal = (response) => {
      response.writeHead(status, { "retry-after": "7", location: "/elsewhere" });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    };
    await using server = await serve(office.handler);
    await using client = await clientWith({ auth: oauth2(server.base) });
    const thrown: unknown = await get(client, server.base).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ ...fault, message: `source.auth: POST ${server.base}/token ${told}` });
    if (status === 503) expect(thrown).toMatchObject({ details: { retryAfterMs: 7_000, status: 503 } });
    expect(inspect(thrown, { depth: 9, showHidden: true })).not.toContain("s3cr3t");
  });

  test("can be fetched again after a fault, and shows nowhere", async () => {
    const office = new Office();
    office.refusal = (response) => void response.socket?.destroy();
    await using server = await serve(office.handler);
    await using client = await clientWith({ auth: oauth2(server.base) });
    await expect(get(client, server.base)).rejects.toMatchObject(passing);
    office.refusal = undefined;
    const reply = await get(client, server.base);
    const shown = inspect([client, { ...reply, body: null }], { depth: 9, showHidden: true });
    for (const secret of ["s3cr3t", "Bearer"]) expect(shown).not.toContain(secret);
    expect(client.faultOf(reply, Buffer.from("Bearer t1t1t1")).message).not.toContain("s3cr3t");
  });
});
