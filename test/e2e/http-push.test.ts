/** Whole jobs that push to an API which misbehaves: it acts on every record once by its keys, whatever it did with replies. */
import { describe, expect, test } from "vitest";
import { ActingEndpoint, type ActingOptions } from "../support/http/acting-endpoint.ts";
import type { FaultRule } from "../support/http/fault-plan.ts";
import { idsTo, type Keys, runHere, writeRecords } from "../support/http/jobs.ts";
import { BROKEN_ANSWERS, IMPATIENT, ODD_ANSWERS, REFUSALS, SILENCES } from "../support/http/transient-faults.ts";
import { TokenOffice } from "../support/http/token-office.ts";
import { UnrulyServer } from "../support/http/unruly-server.ts";
import { Project } from "../support/project.ts";

const RECORDS = 1_200;
/** One record in so many is bad. */
const isBad = (id: number): boolean => id % 400 === 3;
const GOOD = idsTo(RECORDS).filter((id) => !isBad(id));
const BAD = idsTo(RECORDS).filter(isBad);

const inOrder = (ids: readonly number[]): readonly number[] => ids.toSorted((a, b) => a - b);

/** One exchange in ten goes wrong, in any of the ways that pass. */
const UNRULY: readonly FaultRule[] = [...REFUSALS, ...BROKEN_ANSWERS, ...ODD_ANSWERS].map((fault) => ({
  fault,
  chance: 0.008,
}));

/** Each of the faults that keep a client waiting strikes once. */
const SILENT: readonly FaultRule[] = SILENCES.map((fault, index) => ({ fault, at: [5 + 6 * index] }));

/** A server with one acting endpoint. */
async function listen(options: ActingOptions, faults: readonly FaultRule[], seed: number) {
  const endpoint = new ActingEndpoint({ refuses: isBad, ...options });
  const server = await UnrulyServer.listen({ routes: { "/post": { endpoint, faults } }, seed });
  return { endpoint, server };
}

/** Pushes the records of `in.jsonl`. */
function push(project: Project, url: string, sink: Keys, job: Keys = {}) {
  return runHere(project, {
    source: { type: "file", path: "in.jsonl" },
    sink: { type: "http", url: `${url}/post`, timeout: IMPATIENT, ...sink },
    chunk: { size: "8KiB" },
    errors: { maxRejectRate: 1 },
    ...job,
  });
}

interface Way {
  readonly name: string;
  readonly acting: ActingOptions;
  readonly sink: Keys;
  /** With those faults, too, that cost their time. */
  readonly silences?: boolean;
}

const EACH: Keys = { items: "/results", status: "/status", error: "/error" };

const WAYS: readonly Way[] = [
  { name: "a record each", acting: {}, sink: {} },
  { name: "a record each, 16 in flight", acting: {}, sink: { concurrency: 16 }, silences: true },
  { name: "a record each, 100 in flight", acting: {}, sink: { concurrency: 100 } },
  { name: "a record each, as many in flight as are good", acting: {}, sink: { concurrency: 32, adaptive: true } },
  {
    name: "batches that are refused whole",
    acting: { batch: "json" },
    sink: { batch: { records: 50 }, concurrency: 4 },
  },
  {
    name: "batches of lines",
    acting: { batch: "jsonl" },
    sink: { batch: { records: 30, format: "jsonl" }, concurrency: 16 },
  },
  {
    name: "batches with an answer a record",
    acting: { batch: "json", answers: "each" },
    sink: { batch: { records: 50 }, concurrency: 4, response: EACH },
  },
];

describe("a server that loses replies and fails in every way that passes", () => {
  test.each(WAYS)("acts once on every record: $name", async ({ acting, sink, silences = false }) => {
    using project = new Project();
    writeRecords(project, RECORDS);
    const { endpoint, server } = await listen(acting, silences ? [...SILENT, ...UNRULY] : UNRULY, 7);
    await using _server = server;
    const summary = await push(project, server.url, sink);
    expect(summary).toMatchObject({ error: null, state: "succeeded", balanced: true, restarts: 0 });
    expect(summary).toMatchObject({ read: RECORDS, written: GOOD.length, rejected: BAD.length });
    expect(inOrder(endpoint.ids)).toEqual(GOOD);
    expect(endpoint.conflicts).toEqual([]);
    expect(summary.retries).toBeGreaterThan(0);
    const rejects = project.readLines("rejects.jsonl");
    expect(rejects.map(({ raw }) => JSON.parse(raw))).toEqual(BAD.map((id) => ({ id })));
    expect(rejects[0]).toMatchObject({ stage: "write", sink: "sink", message: expect.stringContaining("bad id") });
  });
});

describe("a transform that filters and makes several of one", () => {
  test.each([
    { name: "a record each", acting: {}, sink: { concurrency: 16 } },
    { name: "batches", acting: { batch: "json" }, sink: { batch: { records: 25 }, concurrency: 4 } },
  ] as readonly Way[])("has every output acted on once, and rejects a record once: $name", async ({ acting, sink }) => {
    using project = new Project();
    writeRecords(project, 600);
    project.write(
      "several.ts",
      `export default ({ id }) => (id % 7 === 0 ? null : id % 10 === 0 ? [{ id }, { id: id + 10_000 }] : { id });`,
    );
    const { endpoint, server } = await listen({ ...acting, refuses: (id) => id === 33 }, UNRULY, 3);
    await using _server = server;
    const summary = await push(project, server.url, sink, { transform: "./several.ts" });
    const kept = idsTo(600).filter((id) => id % 7 !== 0 && id !== 33);
    const wanted = kept.flatMap((id) => (id % 10 === 0 ? [id, id + 10_000] : [id]));
    expect(summary).toMatchObject({ error: null, read: 600, written: kept.length, rejected: 1, balanced: true });
    expect(inOrder(endpoint.ids)).toEqual(inOrder(wanted));
    expect(endpoint.conflicts).toEqual([]);
  });
});

test("a token that is refused in the middle is renewed once for all who are in flight", async () => {
  using project = new Project();
  writeRecords(project, RECORDS);
  const client = { clientId: "writer", clientSecret: "s3cr3t-of-client" };
  const office = new TokenOffice({ ...client, goodFor: 300 });
  const endpoint = new ActingEndpoint();
  const faults = [{ fault: { does: "delay", ms: 2 } }] as const;
  const routes = { "/token": { endpoint: office }, "/post": { endpoint: office.guard(endpoint), faults } };
  await using server = await UnrulyServer.listen({ routes });
  const auth = { type: "oauth2", tokenUrl: `${server.url}/token`, ...client };
  const summary = await push(project, server.url, { concurrency: 16, auth });
  expect(summary).toMatchObject({ error: null, state: "succeeded", written: RECORDS, rejected: 0, retries: 0 });
  expect(inOrder(endpoint.ids)).toEqual(idsTo(RECORDS));
  expect(office.issued).toBe(RECORDS / 300);
});

describe("order", () => {
  const customerOf = (id: number): number => (id * 7) % 13;

  test("orderBy keeps the order of each key with many in flight, and others overtake", async () => {
    using project = new Project();
    writeRecords(project, 800, (id) => ({ customer: customerOf(id) }));
    const slow: readonly FaultRule[] = [
      { fault: { does: "refuse", status: 503 }, chance: 0.1 },
      { fault: { does: "lose" }, chance: 0.1 },
      { fault: { does: "delay", ms: 5 }, chance: 0.3 },
    ];
    const { endpoint, server } = await listen({ refuses: () => false }, slow, 5);
    await using _server = server;
    const summary = await push(project, server.url, { concurrency: 16, orderBy: "customer" });
    expect(summary).toMatchObject({ error: null, state: "succeeded", written: 800 });
    for (let customer = 0; customer < 13; customer++) {
      const ids = endpoint.ids.filter((id) => customerOf(id) === customer);
      expect(ids, `customer ${customer}`).toEqual(idsTo(800).filter((id) => customerOf(id) === customer));
    }
    expect(endpoint.ids).not.toEqual(idsTo(800));
    expect(server.mostAtOnce).toBeGreaterThan(4);
  });

  test("one in flight keeps the order of all", async () => {
    using project = new Project();
    writeRecords(project, 300);
    const { endpoint, server } = await listen({ refuses: () => false }, UNRULY, 6);
    await using _server = server;
    const summary = await push(project, server.url, { concurrency: 1 });
    expect(summary).toMatchObject({ error: null, state: "succeeded", written: 300 });
    expect(endpoint.ids).toEqual(idsTo(300));
  });
});

describe("limits", () => {
  test.each([1, 16, 100])("as many are in flight as may be: %d", async (concurrency) => {
    using project = new Project();
    const records = 6 * concurrency;
    writeRecords(project, records);
    const { endpoint, server } = await listen({ refuses: () => false }, [{ fault: { does: "delay", ms: 60 } }], 1);
    await using _server = server;
    const summary = await push(project, server.url, { concurrency });
    expect(summary).toMatchObject({ error: null, state: "succeeded", written: records });
    expect(inOrder(endpoint.ids)).toEqual(idsTo(records));
    expect(server.mostAtOnce).toBe(concurrency);
    expect(server.connected).toBeLessThanOrEqual(concurrency);
  });

  test("rateLimit is kept with many in flight", async () => {
    using project = new Project();
    writeRecords(project, 60);
    const { endpoint, server } = await listen({ refuses: () => false }, [], 1);
    await using _server = server;
    const limit = { requests: 20, per: "400ms", burst: 5 };
    const summary = await push(project, server.url, { concurrency: 16, rateLimit: limit });
    expect(summary).toMatchObject({ error: null, state: "succeeded", written: 60 });
    expect(inOrder(endpoint.ids)).toEqual(idsTo(60));
    const times = server.seen.map(({ at }) => at);
    const most = Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 400).length));
    expect(most).toBeLessThanOrEqual(20 + 5 + 2);
  });

  test("the breaker pauses while the server fails, tries one request, and goes on", async () => {
    using project = new Project();
    writeRecords(project, 200);
    // It is down from the 20th to the 60th request: a sink without a breaker would knock as often as it likes.
    const down = [{ fault: { does: "refuse", status: 503 }, from: 20, to: 32 }] as const;
    const { endpoint, server } = await listen({ refuses: () => false }, down, 1);
    await using _server = server;
    const summary = await push(project, server.url, { concurrency: 8, breaker: { failures: 3, resetAfter: "150ms" } });
    expect(summary).toMatchObject({ error: null, state: "succeeded", written: 200, restarts: 0 });
    expect(inOrder(endpoint.ids)).toEqual(idsTo(200));
    const failed = server.seen.filter(({ fault }) => fault !== null).map(({ at }) => at);
    const trials = failed.filter((at, index) => index > 0 && at - (failed[index - 1] ?? 0) > 100);
    expect(trials.length).toBeGreaterThanOrEqual(3);
    expect(failed).toHaveLength(13);
  });
});
