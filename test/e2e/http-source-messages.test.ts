/** What a user reads when an HTTP source goes wrong: where it was, what happened, and what to do. */
import { describe, expect, test } from "vitest";
import { freePort } from "../support/free-port.ts";
import { EMPTY, type Fault, LOGIN_PAGE, NOT_JSON, refuses } from "../support/http/fault.ts";
import { ItemsApi, type ItemsOptions } from "../support/http/items-api.ts";
import { GIVES_UP, type Keys, runHere } from "../support/http/jobs.ts";
import { type Endpoint, jsonReply } from "../support/http/reply.ts";
import { assertSays } from "../support/http/says.ts";
import { TokenOffice } from "../support/http/token-office.ts";
import { UnrulyServer } from "../support/http/unruly-server.ts";
import { Project } from "../support/project.ts";

const TIMES = { connect: "2s", headers: "100ms", idle: "100ms" };
const CURSOR: Keys = { records: "/data", pagination: { type: "cursor", next: "/next" } };

/** What a source meets, and what is said of it: code, and parts of the message in their order. */
interface Case {
  readonly name: string;
  readonly fault?: Fault;
  readonly items?: ItemsOptions;
  readonly endpoint?: Endpoint;
  readonly source?: Keys;
  readonly code: string;
  readonly says: readonly (string | RegExp)[];
}

const ITEMS = "GET http://127.0.0.1:PORT/items";

const PULLS: readonly Case[] = [
  {
    name: "401",
    fault: refuses(401, '{"message":"token expired"}'),
    code: "SOURCE_FAILED",
    says: ["source.auth", ITEMS, "401 Unauthorized", "token expired", "check auth"],
  },
  {
    name: "403",
    fault: refuses(403),
    code: "SOURCE_FAILED",
    says: ["source.auth", ITEMS, "403 Forbidden", "check auth"],
  },
  {
    name: "404",
    fault: refuses(404),
    code: "SOURCE_FAILED",
    says: ["source.url", ITEMS, "404 Not Found", "check the address"],
  },
  { name: "405", fault: refuses(405), code: "SOURCE_FAILED", says: ["source", ITEMS, "405", "method"] },
  { name: "a redirect to nowhere", fault: refuses(302), code: "SOURCE_FAILED", says: ["source.url", ITEMS, "302"] },
  {
    name: "a redirect in a circle",
    fault: refuses(302, "", { location: "/items" }),
    code: "SOURCE_FAILED",
    says: ["source.url", ITEMS, "circle"],
  },
  {
    name: "a login page",
    fault: LOGIN_PAGE,
    code: "SOURCE_FAILED",
    says: ["127.0.0.1:PORT/items", "not JSON", "<!DOCTYPE", "text/html", "login page", "source.auth"],
  },
  {
    name: "no JSON",
    fault: NOT_JSON,
    code: "SOURCE_FAILED",
    says: ["127.0.0.1:PORT/items", "not JSON at byte", '{\\"id\\":1}'],
  },
  { name: "nothing", fault: EMPTY, code: "RETRIES_EXHAUSTED", says: ["127.0.0.1:PORT/items", "empty", "JSON"] },
  {
    name: "JSON that ends too early",
    fault: { does: "cut", framing: "sound" },
    code: "RETRIES_EXHAUSTED",
    says: ["127.0.0.1:PORT/items", "ends within its JSON"],
  },
  {
    name: "no records at the pointer",
    endpoint: { answer: () => jsonReply('{"items":[],"total":0}') },
    code: "SOURCE_FAILED",
    says: ["127.0.0.1:PORT/items", "source.records", "/data", "items, total"],
  },
  {
    name: "records that are none",
    endpoint: { answer: () => jsonReply('{"data":7}') },
    code: "SOURCE_FAILED",
    says: ["127.0.0.1:PORT/items", "source.records", "/data is a number", "array"],
  },
  {
    name: "a cursor that leads to its own page",
    items: { total: 300, size: 20, loop: { page: 4, back: 1 } },
    code: "SOURCE_FAILED",
    says: ["127.0.0.1:PORT/items", "loop", "source.pagination"],
  },
  {
    name: "a cursor that leads back by two pages",
    items: { total: 300, size: 20, loop: { page: 4, back: 2 } },
    code: "SOURCE_FAILED",
    says: ["127.0.0.1:PORT/items", "loop", "source.pagination"],
  },
  {
    name: "a cursor that leads back by a hundred pages",
    items: { total: 1_300, size: 10, loop: { page: 110, back: 100 } },
    code: "SOURCE_FAILED",
    says: ["127.0.0.1:PORT/items", "loop", "source.pagination"],
  },
  {
    name: "a server that does not know the parameter",
    items: { total: 30, size: 20, by: "none" },
    source: { pagination: { type: "page" } },
    code: "SOURCE_FAILED",
    says: ["127.0.0.1:PORT/items", "page 2", "source.pagination.param"],
  },
  {
    name: "a server that stays away",
    fault: refuses(503, "maintenance until noon"),
    code: "RETRIES_EXHAUSTED",
    says: ["source.url", ITEMS, "503 Service Unavailable", "maintenance until noon"],
  },
  {
    name: "a server that breaks connections",
    fault: { does: "reset" },
    code: "RETRIES_EXHAUSTED",
    says: ["source.url", ITEMS, "cut"],
  },
  {
    name: "a server that cuts its replies",
    fault: { does: "cut", framing: "length" },
    code: "RETRIES_EXHAUSTED",
    says: ["source.url", ITEMS, "cut"],
  },
  {
    name: "a server that keeps silent",
    fault: { does: "ignore" },
    code: "RETRIES_EXHAUSTED",
    says: ["source.timeout.headers", ITEMS, "within 0.1 s"],
  },
  {
    name: "a body that stands still",
    fault: { does: "stall", after: 10 },
    code: "RETRIES_EXHAUSTED",
    says: ["source.timeout.idle", ITEMS, "within 0.1 s"],
  },
  {
    name: "a body that is a trickle",
    fault: { does: "trickle", bytes: 1, everyMs: 20 },
    source: { timeout: { ...TIMES, total: "300ms" } },
    code: "RETRIES_EXHAUSTED",
    says: ["source.timeout.total", ITEMS, "within 0.3 s"],
  },
  {
    name: "a coding that is none",
    fault: { does: "mislabel", coding: "gzip" },
    code: /SOURCE_FAILED|RETRIES_EXHAUSTED/.source,
    says: ["127.0.0.1:PORT/items", "gzip"],
  },
  {
    name: "a coding that nobody asked for",
    fault: { does: "mislabel", coding: "rot13" },
    code: "SOURCE_FAILED",
    says: ["127.0.0.1:PORT/items", "rot13", "gzip"],
  },
  {
    name: "a page that is too long",
    source: { maxBytes: 200 },
    code: "SOURCE_FAILED",
    says: ["source.maxBytes", ITEMS, "longer than 200", "raise it"],
  },
];

describe.concurrent("a source says", () => {
  test.each(PULLS)(
    "what is wrong with $name",
    async ({ fault, items = { total: 40, size: 20 }, endpoint, source, code, says }) => {
      using project = new Project();
      const route = { endpoint: endpoint ?? new ItemsApi(items), faults: fault === undefined ? [] : [{ fault }] };
      await using server = await UnrulyServer.listen({ routes: { "/items": route } });
      const summary = await runHere(project, {
        source: {
          type: "http",
          url: `${server.url}/items?secret=s3cr3t-of-query`,
          timeout: TIMES,
          ...CURSOR,
          ...source,
        },
        retry: GIVES_UP,
      });
      expect(summary.state).toBe("failed");
      expect(summary.error?.code).toMatch(new RegExp(`^(${code})$`));
      assertSays(summary.error?.message ?? "", server.port, says);
    },
  );

  test("that nobody is there", async () => {
    const port = await freePort();
    const source = { type: "http", url: `http://127.0.0.1:${port}/items`, ...CURSOR };
    const message = await failureOf({ source });
    assertSays(message, port, ["source.url", ITEMS, "nobody listens there", "ECONNREFUSED", "check the address"]);
  });

  test("that the host has no such name", async () => {
    const message = await failureOf({ source: { type: "http", url: "http://nobody.invalid/items", ...CURSOR } });
    assertSays(message, 0, ["source.url", "GET http://nobody.invalid/items", /ENOTFOUND|EAI_AGAIN/, "name server"]);
  });

  test.each<readonly [string, Fault | undefined, string, readonly (string | RegExp)[]]>([
    ["it does not know the client", undefined, "wrong", ["401", "invalid_client", "clientId", "clientSecret"]],
    ["it sends a login page", LOGIN_PAGE, "right", ["no access_token", "is it the address"]],
    ["it stays away", refuses(503), "right", ["503", "tried again"]],
    ["it redirects", refuses(302, "", { location: "/other" }), "right", ["302", "auth.tokenUrl"]],
  ])("where tokens are to be had, and that %s", async (_name, fault, secret, says) => {
    const office = new TokenOffice({ clientId: "reader", clientSecret: "right" });
    const faults = fault === undefined ? [] : [{ fault }];
    const endpoint = office.guard(new ItemsApi({ total: 1 }));
    await using server = await UnrulyServer.listen({
      routes: { "/token": { endpoint: office, faults }, "/items": { endpoint } },
    });
    const auth = { type: "oauth2", tokenUrl: `${server.url}/token`, clientId: "reader", clientSecret: secret };
    const message = await failureOf({ source: { type: "http", url: `${server.url}/items`, auth, ...CURSOR } });
    assertSays(message, server.port, ["source.auth", "POST http://127.0.0.1:PORT/token", ...says]);
  });
});

/** The message of a job that fails, whether it began or not. */
async function failureOf(job: Keys): Promise<string> {
  using project = new Project();
  const failed = await runHere(project, { retry: GIVES_UP, ...job }).catch((thrown: unknown) => ({
    error: thrown as Error,
  }));
  return failed.error?.message ?? "it did not fail";
}
