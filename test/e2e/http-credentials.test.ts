/** Secrets of an HTTP job stay with the host they are for, and out of everything that is printed or kept. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { Fault } from "../support/http/fault.ts";
import { GIVES_UP, type Keys, runHere, writeRecords } from "../support/http/jobs.ts";
import { ItemsApi } from "../support/http/items-api.ts";
import { ActingEndpoint } from "../support/http/acting-endpoint.ts";
import { jsonReply, type Endpoint } from "../support/http/reply.ts";
import { makeCertificates } from "../support/kafka/certificates.ts";
import { UnrulyServer } from "../support/http/unruly-server.ts";
import { Project } from "../support/project.ts";

const SECRET = "s3cr3t-v4lue";

/** Every way to give a secret to a source or sink; the url takes its own. */
const CREDENTIALS: readonly (readonly [string, (url: string) => Keys])[] = [
  ["a bearer token", (url) => ({ url, auth: { type: "bearer", token: SECRET } })],
  ["a password", (url) => ({ url, auth: { type: "basic", username: "me", password: SECRET } })],
  ["a key in a header", (url) => ({ url, auth: { type: "apiKey", name: "x-key", value: SECRET } })],
  ["a key in the query", (url) => ({ url, auth: { type: "apiKey", name: "key", value: SECRET, in: "query" } })],
  ["a header", (url) => ({ url, headers: { "x-token": SECRET } })],
  ["the address's query", (url) => ({ url: `${url}?token=${SECRET}` })],
];

/** What a request told its server of the secret, in any spelling. */
function tells(request: { readonly url: URL; readonly headers: object }): boolean {
  const text = `${request.url.href} ${JSON.stringify(request.headers)}`;
  return text.includes(SECRET) || text.includes(Buffer.from(`me:${SECRET}`).toString("base64"));
}

const redirectTo = (location: string, status = 302): Fault => ({ does: "refuse", status, headers: { location } });

describe("a redirect", () => {
  test.each(CREDENTIALS)("to another host does not take %s along", async (_name, credentials) => {
    using project = new Project();
    await using other = await UnrulyServer.listen({ routes: { "/taken": { endpoint: new ItemsApi({ total: 5 }) } } });
    const faults = [{ fault: redirectTo(`${other.url}/taken`) }];
    await using server = await UnrulyServer.listen({
      routes: { "/items": { endpoint: new ItemsApi({ total: 1 }), faults } },
    });
    const source = { type: "http", records: "/data", ...credentials(`${server.url}/items`) };
    const summary = await runHere(project, { source, retry: GIVES_UP });
    expect(server.seen.every(tells)).toBe(true);
    expect(server.seen.length).toBeGreaterThan(0);
    expect(other.seen.filter(tells)).toEqual([]);
    // It may be followed without them, or refused; not followed and forgotten.
    if (summary.state === "succeeded") expect(summary.read).toBe(5);
    else expect(summary.error?.message).toMatch(/redirect/);
  });

  test.each(CREDENTIALS.slice(0, 5))("on the same host takes %s along", async (_name, credentials) => {
    using project = new Project();
    const faults = [{ fault: redirectTo("/new/items?page=1", 308) }];
    const routes = {
      "/items": { endpoint: new ItemsApi({ total: 1 }), faults },
      "/new/items": { endpoint: new ItemsApi({ total: 5 }) },
    };
    await using server = await UnrulyServer.listen({ routes });
    const source = { type: "http", records: "/data", ...credentials(`${server.url}/items`) };
    const summary = await runHere(project, { source });
    expect(summary).toMatchObject({ error: null, read: 5 });
    expect(server.seenAt("/new/items").every(tells)).toBe(true);
  });
});

test("a redirect from https to http is not followed, whatever stands there", async () => {
  using project = new Project();
  const { ca, keyPair } = await certificatesIn(project);
  await using plain = await UnrulyServer.listen({ routes: { "/items": { endpoint: new ItemsApi({ total: 5 }) } } });
  const faults = [{ fault: redirectTo(`${plain.url}/items`) }];
  const routes = { "/items": { endpoint: new ItemsApi({ total: 1 }), faults } };
  await using server = await UnrulyServer.listen({ routes, tls: keyPair });
  const auth = { type: "bearer", token: SECRET };
  const source = { type: "http", url: `${server.url}/items`, records: "/data", auth };
  const trusting = await runHere(project, { source: { ...source, tls: { ca } } });
  expect(trusting.error).toMatchObject({
    code: "SOURCE_FAILED",
    message: expect.stringMatching(/from https to http.*set url/),
  });
  expect([server.seen.length, plain.seen.length]).toEqual([1, 0]);
  const doubting = await runHere(project, { source });
  expect(doubting.error).toMatchObject({
    code: "SOURCE_FAILED",
    message: expect.stringMatching(/not trusted.*tls\.ca/),
  });
  expect(server.seen).toHaveLength(1);
});

/** An authority, and a certificate by it for this machine. */
async function certificatesIn(project: Project) {
  const { ca, keyStore } = await makeCertificates(project.folder);
  const [key = "", cert = ""] = readFileSync(keyStore, "utf8").split(/(?=-----BEGIN CERTIFICATE-----)/);
  return { ca, keyPair: { key, cert } };
}

test("the next page on another host, by link or by address, gets no secrets", async () => {
  using project = new Project();
  await using other = await UnrulyServer.listen({
    routes: { "/page2": { endpoint: { answer: () => jsonReply('[{"id":2}]') } } },
  });
  const first: Endpoint = { answer: () => jsonReply('[{"id":1}]', 200, { link: `<${other.url}/page2>; rel="next"` }) };
  await using server = await UnrulyServer.listen({ routes: { "/items": { endpoint: first } } });
  const auth = { type: "bearer", token: SECRET };
  const source = {
    type: "http",
    url: `${server.url}/items`,
    records: "",
    pagination: { type: "link" },
    auth,
    headers: { "x-token": SECRET },
  };
  const summary = await runHere(project, { source, retry: GIVES_UP });
  expect(other.seen.filter(tells)).toEqual([]);
  if (summary.state === "succeeded") expect(summary.read).toBe(2);
  else expect(summary.error?.message).toContain(other.url);
});

/** Ways in which a server makes a run talk of it. */
const TROUBLES: readonly (readonly [string, Fault])[] = [
  ["it forbids", { does: "refuse", status: 403, body: `no rights for ${SECRET}` }],
  ["it fails for good", { does: "refuse", status: 503, body: `overload for token ${SECRET}` }],
  ["it breaks", { does: "reset" }],
  ["it redirects in a circle", redirectTo(`?token=${SECRET}`)],
  ["it sends no JSON", { does: "refuse", status: 200, body: `<html>${SECRET}` }],
];

describe("a job that talks of a server in trouble", () => {
  test.concurrent.each(TROUBLES)("keeps its secrets to itself when %s", async (_name, fault) => {
    await using server = await UnrulyServer.listen({
      routes: {
        "/items": { endpoint: new ItemsApi({ total: 1 }), faults: [{ fault }] },
        "/post": { endpoint: new ActingEndpoint(), faults: [{ fault }] },
      },
    });
    using project = new Project();
    writeRecords(project, 3);
    const [name, credentials] = CREDENTIALS[TROUBLES.findIndex(([, it]) => it === fault)] ?? ["", () => ({})];
    const common = { retry: GIVES_UP, errors: { maxRejects: 0 } };
    const http = (path: string): Keys => ({ type: "http", ...credentials(`${server.url}/${path}`) });
    const jobs = [
      { name: "pull", source: { ...http("items"), records: "/data" }, sink: { type: "file", path: "out.jsonl" } },
      { name: "push", source: { type: "file", path: "in.jsonl" }, sink: http("post") },
    ];
    for (const job of jobs) {
      const { out, err, code } = await project.run(["run", project.job({ ...job, ...common }), "--json"]);
      // To a sink any 200 is a yes, whatever is in it.
      if (job.name === "pull") expect(code, `${name} ${err}`).not.toBe(0);
      for (const text of [out, err, ...stateTexts(project)]) {
        expect(text).not.toContain(SECRET);
        expect(text).not.toContain(Buffer.from(`me:${SECRET}`).toString("base64"));
      }
    }
    expect(server.seen.length).toBeGreaterThan(1);
    expect(server.seen.every(tells)).toBe(true);
  });
});

/** All that the state keeps, as it lies on the disk. */
function stateTexts(project: Project): readonly string[] {
  const folder = project.path(".millrace");
  return readdirSync(folder).map((file) => readFileSync(path.join(folder, file), "latin1"));
}
