/** Whole jobs that pull from an API which misbehaves: exactly its items are in Postgres, whatever it did on the way. */
import { describe, expect, test } from "vitest";
import { Conditional } from "../support/http/conditional.ts";
import type { FaultRule } from "../support/http/fault-plan.ts";
import { ItemsApi, type ItemsOptions, type Paging } from "../support/http/items-api.ts";
import { itemsIn, itemTexts, type Keys, makeItemsTable, runHere } from "../support/http/jobs.ts";
import { TokenOffice } from "../support/http/token-office.ts";
import { BROKEN_ANSWERS, IMPATIENT, ODD_ANSWERS, REFUSALS, SILENCES } from "../support/http/transient-faults.ts";
import { UnrulyServer } from "../support/http/unruly-server.ts";
import { usePostgres } from "../support/postgres.ts";
import { Project } from "../support/project.ts";

const postgres = usePostgres();

const SIZE = 20;

/** How the source is told of each way to find the next page. */
const SOURCES: { readonly [P in Paging]: Keys } = {
  cursor: { records: "/data", pagination: { type: "cursor", next: "/next" } },
  page: { records: "/data", pagination: { type: "page", size: SIZE } },
  offset: { records: "/data", pagination: { type: "offset", size: SIZE } },
  link: { records: "", pagination: { type: "link" } },
  none: { records: "/data" },
};

/** Pulls all items into a table of their own. */
async function pull(project: Project, source: Keys, job: Keys = {}) {
  const table = await makeItemsTable(postgres.server);
  const sink = { type: "postgres", url: postgres.server.url(), table };
  const summary = await runHere(project, {
    source: { type: "http", timeout: IMPATIENT, ...source },
    sink,
    rejects: undefined,
    ...job,
  });
  return { summary, items: await itemsIn(postgres.server, table) };
}

describe("an API that misbehaves at every other request", () => {
  const faults = [...REFUSALS, ...BROKEN_ANSWERS, ...ODD_ANSWERS];
  // Where a fault is answered by asking again, the next request is a good one.
  const rules: readonly FaultRule[] = faults.map((fault, index) => ({ fault, at: [2 * index + 1] }));
  const total = 2 * faults.length * SIZE + 7;

  test.each<Paging>(["cursor", "page", "offset", "link"])("gives every item once by %s", async (by) => {
    using project = new Project();
    const endpoint = new ItemsApi({ total, size: SIZE, by });
    await using server = await UnrulyServer.listen({ routes: { "/items": { endpoint, faults: rules } } });
    const { summary, items } = await pull(project, { url: `${server.url}/items`, ...SOURCES[by] });
    expect(summary).toMatchObject({ error: null, state: "succeeded", read: total, written: total, balanced: true });
    expect(items).toEqual(itemTexts(total));
    expect(summary.retries).toBeGreaterThanOrEqual(REFUSALS.length + BROKEN_ANSWERS.length);
    expect(server.seen.filter(({ fault }) => fault !== null)).toHaveLength(faults.length);
  });

  test("gives every item of its one reply once", async () => {
    using project = new Project();
    const endpoint = new ItemsApi({ total: 300, by: "none" });
    const broken = [...REFUSALS, ...BROKEN_ANSWERS, ...SILENCES].map((fault, index) => ({ fault, at: [index + 1] }));
    await using server = await UnrulyServer.listen({ routes: { "/items": { endpoint, faults: broken } } });
    const { summary, items } = await pull(project, { url: `${server.url}/items`, ...SOURCES.none });
    expect(summary).toMatchObject({ error: null, state: "succeeded", read: 300, written: 300, balanced: true });
    expect(items).toEqual(itemTexts(300));
    expect(server.seen).toHaveLength(broken.length + 1);
  });

  test.each<Paging>(["page", "offset"])(
    "gives every item once by %s when pages are asked for side by side",
    async (by) => {
      using project = new Project();
      const endpoint = new ItemsApi({ total, size: SIZE, by });
      const delays = { fault: { does: "delay", ms: 10 } } as const;
      const routes = { "/items": { endpoint, faults: [...rules, delays] } };
      await using server = await UnrulyServer.listen({ routes });
      const source = { url: `${server.url}/items`, ...SOURCES[by], concurrency: 4 };
      const { summary, items } = await pull(project, source);
      expect(summary).toMatchObject({ error: null, state: "succeeded", read: total, written: total, balanced: true });
      expect(items).toEqual(itemTexts(total));
      expect(server.mostAtOnce).toBeGreaterThan(1);
    },
  );
});

test("as many pages are asked for at once as may be", async () => {
  using project = new Project();
  const endpoint = new ItemsApi({ total: 24 * SIZE, size: SIZE, by: "page" });
  const faults = [{ fault: { does: "delay", ms: 60 } }] as const;
  await using server = await UnrulyServer.listen({ routes: { "/items": { endpoint, faults } } });
  const source = { url: `${server.url}/items`, ...SOURCES.page, concurrency: 4 };
  const { summary, items } = await pull(project, source);
  expect(summary).toMatchObject({ error: null, state: "succeeded" });
  expect(items).toEqual(itemTexts(24 * SIZE));
  // One that the client has given up may still be counted.
  expect(server.mostAtOnce).toBeGreaterThan(1);
  expect(server.mostAtOnce).toBeLessThanOrEqual(5);
});

describe("rows that come and go while they are read", () => {
  const shifts = (kind: "insert" | "remove"): ItemsOptions => ({
    total: 200,
    size: SIZE,
    shift: { afterPages: 3, rows: 7, kind },
  });

  test.each(["insert", "remove"] as const)("a cursor loses none and doubles none (%s)", async (kind) => {
    using project = new Project();
    const endpoint = new ItemsApi(shifts(kind));
    await using server = await UnrulyServer.listen({
      routes: { "/items": { endpoint, faults: [{ fault: { does: "lose" }, every: 4 }] } },
    });
    const { summary, items } = await pull(project, { url: `${server.url}/items`, ...SOURCES.cursor });
    expect(summary).toMatchObject({ error: null, state: "succeeded", balanced: true });
    expect(items).toEqual(itemTexts(200));
  });

  test("an offset loses none when rows come in before it", async () => {
    using project = new Project();
    const endpoint = new ItemsApi({ ...shifts("insert"), by: "offset" });
    await using server = await UnrulyServer.listen({ routes: { "/items": { endpoint } } });
    const { summary, items } = await pull(project, { url: `${server.url}/items`, ...SOURCES.offset });
    expect(summary).toMatchObject({ error: null, state: "succeeded", read: 207, balanced: true });
    expect(new Set(items)).toEqual(new Set(itemTexts(200)));
  });
});

describe("incremental: true", () => {
  /** Runs the same job again and again; every run gets a file of its own. */
  async function runs(project: Project, url: string, source: Keys) {
    let number = 0;
    return async () => {
      const sink = { type: "file", path: `out-${++number}.jsonl` };
      const summary = await runHere(project, { source: { type: "http", url, incremental: true, ...source }, sink });
      expect(summary).toMatchObject({ error: null, state: "succeeded", balanced: true });
      return project.exists(`out-${number}.jsonl`)
        ? project.read(`out-${number}.jsonl`).split("\n").filter(Boolean)
        : [];
    };
  }

  test.each<Paging>(["offset", "link"])("goes on behind the last item of the run before by %s", async (by) => {
    using project = new Project();
    const endpoint = new ItemsApi({ total: 3 * SIZE + 7, size: SIZE, by });
    const faults = [{ fault: { does: "lose" }, every: 3 }] as const;
    await using server = await UnrulyServer.listen({ routes: { "/items": { endpoint, faults } } });
    const next = await runs(project, `${server.url}/items`, SOURCES[by]);
    expect(await next()).toEqual(itemTexts(67));
    expect(await next()).toEqual([]);
    endpoint.append(5);
    expect(await next()).toEqual(itemTexts(72).slice(67));
    endpoint.append(2 * SIZE);
    expect(await next()).toEqual(itemTexts(112).slice(72));
    expect(await next()).toEqual([]);
    // Pages that are behind are not asked for again: eleven at most are, without those that were lost.
    expect(server.seen.filter(({ fault }) => fault === null).length).toBeLessThanOrEqual(13);
  });

  test("asks with ETag whether anything is new", async () => {
    using project = new Project();
    const items = new ItemsApi({ total: SIZE + 7, size: SIZE });
    await using server = await UnrulyServer.listen({ routes: { "/items": { endpoint: new Conditional(items) } } });
    const next = await runs(project, `${server.url}/items`, SOURCES.cursor);
    expect(await next()).toEqual(itemTexts(27));
    const before = server.seen.length;
    expect(await next()).toEqual([]);
    const asked = server.seen.slice(before).map(({ headers }) => headers["if-none-match"]);
    expect(asked).toEqual([expect.stringMatching(/^"[0-9a-f]{40}"$/)]);
    items.append(1);
    expect(await next()).toEqual(itemTexts(28).slice(27));
  });
});

describe("tokens", () => {
  const client = { clientId: "reader", clientSecret: "s3cr3t-of-client" };

  /** A server whose items need a token. */
  async function guarded(
    options: { readonly goodFor?: number; readonly expiresIn?: number },
    faults: readonly FaultRule[] = [],
  ) {
    const office = new TokenOffice({ ...client, ...options });
    const endpoint = office.guard(new ItemsApi({ total: 300, size: SIZE }));
    const routes = { "/token": { endpoint: office, faults }, "/items": { endpoint } };
    const server = await UnrulyServer.listen({ routes });
    const auth = { type: "oauth2", tokenUrl: `${server.url}/token`, ...client };
    return { office, server, source: { url: `${server.url}/items`, auth, ...SOURCES.cursor } };
  }

  test("that are refused in the middle are fetched anew, once each", async () => {
    using project = new Project();
    const { office, server, source } = await guarded({ goodFor: 4 });
    await using _server = server;
    const { summary, items } = await pull(project, source);
    expect(summary).toMatchObject({ error: null, state: "succeeded", balanced: true });
    expect(items).toEqual(itemTexts(300));
    // 15 pages, four with each token
    expect(office.issued).toBe(4);
    expect(server.seenAt("/items")).toHaveLength(15 + 3);
  });

  test("are fetched by every way to prove who asks, through an office that fails at first", async () => {
    using project = new Project();
    const faults = [...REFUSALS, ...BROKEN_ANSWERS].map((fault, index) => ({ fault, at: [index + 1] }));
    const { office, server, source } = await guarded({}, faults);
    await using _server = server;
    const auth = { ...source.auth, clientAuth: "body" };
    const { summary, items } = await pull(project, { ...source, auth });
    expect(summary).toMatchObject({ error: null, state: "succeeded", balanced: true });
    expect(items).toEqual(itemTexts(300));
    expect(office.issued).toBeLessThanOrEqual(BROKEN_ANSWERS.length + 1);
  });

  test("that the server does not take are no reason to ask for ever", async () => {
    using project = new Project();
    const { office, server, source } = await guarded({ goodFor: 0 });
    await using _server = server;
    const { summary } = await pull(project, source);
    expect(summary.state).toBe("failed");
    expect(summary.error?.message).toMatch(/401/);
    // A token that was fetched for this very request and is refused is not to be had otherwise.
    expect(office.issued).toBeLessThanOrEqual(2);
    expect(server.seenAt("/items")).toHaveLength(office.issued);
  });
});

describe("rateLimit", () => {
  test("is kept over any window, also while faults are answered by asking again", async () => {
    using project = new Project();
    const endpoint = new ItemsApi({ total: 30 * SIZE, size: SIZE, by: "offset" });
    const faults = [{ fault: { does: "refuse", status: 503 }, every: 5 }] as const;
    await using server = await UnrulyServer.listen({ routes: { "/items": { endpoint, faults } } });
    const limits = { concurrency: 4, rateLimit: { requests: 10, per: "300ms", burst: 2 } };
    const { summary } = await pull(project, { url: `${server.url}/items`, ...SOURCES.offset, ...limits });
    expect(summary).toMatchObject({ error: null, state: "succeeded", read: 30 * SIZE });
    const times = server.seen.map(({ at }) => at);
    // What was sent in time may arrive in a heap: a busy server looks a little later.
    const most = Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 300).length));
    expect(most).toBeLessThanOrEqual(10 + 2 + 1);
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(((times.length - 3) * 300) / 10 - 30);
  });
});

test("Retry-After is waited for in either notation, whatever the server's clock says", async () => {
  using project = new Project();
  const endpoint = new ItemsApi({ total: 4 * SIZE, size: SIZE });
  const waits = [
    { ms: 1_000, as: "seconds" },
    { ms: 1_000, as: "date", skewMs: 3_600_000 },
    { ms: 2_000, as: "date", skewMs: -3_600_000 },
  ] as const;
  const faults = waits.map((retryAfter, index) => ({
    fault: { does: "refuse" as const, status: 429, retryAfter },
    at: [2 * index + 1],
  }));
  await using server = await UnrulyServer.listen({ routes: { "/items": { endpoint, faults } } });
  const { summary, items } = await pull(project, { url: `${server.url}/items`, ...SOURCES.cursor });
  expect(summary).toMatchObject({ error: null, state: "succeeded" });
  expect(items).toEqual(itemTexts(4 * SIZE));
  const at = (number: number): number => server.seen[number - 1]?.at ?? Number.NaN;
  const waited = waits.map((_, index) => Math.round(at(2 * index + 2) - at(2 * index + 1)));
  // A date has whole seconds: up to one of them may be gone already.
  for (const [index, { ms, as }] of waits.entries()) {
    expect(waited[index], as).toBeGreaterThanOrEqual(as === "date" ? ms - 1_000 : ms - 5);
    expect(waited[index], as).toBeLessThan(ms + 5_000);
  }
});
