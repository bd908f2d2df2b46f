/**
 * kill -9 at random times while an API that misbehaves is pulled into Postgres, and while records are pushed to one that
 * loses its replies: in the end every item is there once, and every record was acted on once by its keys.
 * `KILLS=n SEED=n` for other numbers; a failing seed is named.
 */
import { describe, expect, test } from "vitest";
import { type Random, seededRandom } from "../../src/core/random.ts";
import { ActingEndpoint, type ActingOptions } from "../support/http/acting-endpoint.ts";
import { BodyEndpoint, type BodyEndpointOptions } from "../support/http/body-endpoint.ts";
import type { FaultRule } from "../support/http/fault-plan.ts";
import { GeneratedBody } from "../support/http/generated-body.ts";
import { ItemsApi, type ItemsOptions } from "../support/http/items-api.ts";
import { idsTo, itemsIn, itemTexts, type Keys, makeItemsTable, writeRecords } from "../support/http/jobs.ts";
import { killAtRandom, type Victim } from "../support/http/kill-rounds.ts";
import { TokenOffice } from "../support/http/token-office.ts";
import { UnrulyServer } from "../support/http/unruly-server.ts";
import { usePostgres } from "../support/postgres.ts";
import { Project } from "../support/project.ts";

const KILLS = Number(process.env["KILLS"] ?? 20);
/** Of one body that is read as it comes: its positions are those of files, which are killed elsewhere. */
const STREAM_KILLS = process.env["KILLS"] === undefined ? 3 : KILLS;
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

const postgres = usePostgres();

const COMMIT = { interval: "50ms" };
const RETRY = { for: "30s", initialDelay: "5ms", maxDelay: "20ms" };

/** Some exchanges go wrong, and all take a moment. */
const UNRULY: readonly FaultRule[] = [
  { fault: { does: "refuse", status: 503 }, chance: 0.03 },
  { fault: { does: "refuse", status: 429, retryAfter: { ms: 0, as: "seconds" } }, chance: 0.03 },
  { fault: { does: "reset" }, chance: 0.02 },
  { fault: { does: "lose" }, chance: 0.05 },
  { fault: { does: "cut", framing: "length" }, chance: 0.02 },
  { fault: { does: "fail-after", status: 502 }, chance: 0.02 },
  { fault: { does: "delay", ms: 5 } },
];

/** Does a load again, with other kills, until there were enough. */
async function untilEnough(load: (most: number, random: Random) => Promise<number>, enough = KILLS): Promise<void> {
  const random = seededRandom(SEED);
  for (let kills = 0; kills < enough; ) kills += await load(enough - kills, random);
}

const client = { clientId: "reader", clientSecret: "s3cr3t-of-client" };

/** Pulls items by pages into a table, and holds it to its end. */
async function pullOnce(items: ItemsOptions, source: Keys, most: number, random: Random): Promise<number> {
  using project = new Project();
  const table = await makeItemsTable(postgres.server);
  const office = new TokenOffice({ ...client, goodFor: 60 });
  const endpoint = office.guard(new ItemsApi(items));
  const routes = { "/token": { endpoint: office }, "/items": { endpoint, faults: UNRULY } };
  await using server = await UnrulyServer.listen({ routes, seed: SEED });
  const job = project.job({
    name: table,
    source: {
      type: "http",
      url: `${server.url}/items`,
      records: "/data",
      auth: { type: "oauth2", tokenUrl: `${server.url}/token`, ...client },
      ...source,
    },
    sink: { type: "postgres", url: postgres.server.url(), table },
    commit: COMMIT,
    retry: RETRY,
  });
  const victim: Victim = { project, job, stride: 60, progress: () => server.seen.length };
  const { kills, summary } = await killAtRandom(victim, most, random);
  expect(firstDifference(await itemsIn(postgres.server, table), itemTexts(items.total))).toBeUndefined();
  expect(summary).toMatchObject({ state: "succeeded", read: items.total, written: items.total, balanced: true });
  return kills;
}

const isBad = (id: number): boolean => id % 997 === 5;

/** A way to push, and when it is killed. */
interface Push {
  readonly records: number;
  readonly acting: ActingOptions;
  readonly sink: Keys;
  readonly job: Keys;
  readonly victim: Pick<Victim, "stride" | "lingerMs">;
  readonly progress: (endpoint: ActingEndpoint) => number;
}

const BATCH = 20;

const RECORD_BY_RECORD: Push = {
  records: 6_000,
  acting: {},
  sink: { concurrency: 16 },
  job: { chunk: { size: "4KiB" }, commit: COMMIT },
  victim: { stride: 400 },
  progress: ({ acts }) => acts.size,
};

/**
 * Units end by time, most of them within a batch. It is killed shortly after such a short batch took effect, when nobody but
 * the sink's own memory of it knows that it was short: another process would cut the records elsewhere.
 */
const BY_BATCHES: Push = {
  records: 12_000,
  acting: { batch: "json" },
  sink: { concurrency: 4, batch: { records: BATCH } },
  job: { chunk: { size: "1KiB" }, commit: { interval: "25ms" } },
  victim: { stride: 4, lingerMs: 10 },
  progress: ({ acts }) => [...acts.values()].filter(({ ids }) => ids.length < BATCH).length,
};

/** Pushes records, some bad, and holds server, rejects and ledger to their end. */
async function pushOnce(push: Push, most: number, random: Random): Promise<number> {
  const { records, acting, sink, progress } = push;
  using project = new Project();
  writeRecords(project, records);
  const endpoint = new ActingEndpoint({ refuses: isBad, ...acting });
  await using server = await UnrulyServer.listen({ routes: { "/post": { endpoint, faults: UNRULY } }, seed: SEED });
  const job = project.job({
    name: "push",
    source: { type: "file", path: "in.jsonl" },
    sink: { type: "http", url: `${server.url}/post`, ...sink },
    rejects: { type: "file", path: "rejects.jsonl" },
    retry: RETRY,
    ...push.job,
  });
  const victim: Victim = { project, job, progress: () => progress(endpoint), ...push.victim };
  const { kills, summary } = await killAtRandom(victim, most, random);
  const good = idsTo(records).filter((id) => !isBad(id));
  const bad = idsTo(records).filter(isBad);
  expect(
    firstDifference(
      endpoint.ids.toSorted((a, b) => a - b),
      good,
    ),
  ).toBeUndefined();
  expect(endpoint.conflicts).toEqual([]);
  expect(endpoint.repetitions).toBeGreaterThan(kills);
  expect(project.readLines("rejects.jsonl").map(({ raw }) => JSON.parse(raw))).toEqual(bad.map((id) => ({ id })));
  const ledger = { read: records, written: good.length, rejected: bad.length, filtered: 0 };
  expect(summary).toMatchObject({ state: "succeeded", balanced: true, ...ledger });
  return kills;
}

/** Pulls one body that takes its time into a table, and holds it to its end. */
async function streamOnce(options: BodyEndpointOptions, most: number, random: Random): Promise<number> {
  using project = new Project();
  const records = 40_000;
  const table = await makeItemsTable(postgres.server);
  const endpoint = new BodyEndpoint(new GeneratedBody({ format: "jsonl", records }), options);
  const faults: readonly FaultRule[] = [
    { fault: { does: "cut", framing: "length", after: 700_000 }, chance: 0.2 },
    { fault: { does: "refuse", status: 503 }, chance: 0.1 },
    { fault: { does: "trickle", bytes: 16_384, everyMs: 8 } },
  ];
  await using server = await UnrulyServer.listen({ routes: { "/body": { endpoint, faults } }, seed: SEED });
  const job = project.job({
    name: table,
    source: { type: "http", url: `${server.url}/body`, format: "jsonl" },
    sink: { type: "postgres", url: postgres.server.url(), table },
    chunk: { size: "16KiB" },
    commit: COMMIT,
    retry: RETRY,
  });
  let committed = 0;
  const counting = setInterval(
    () =>
      void count()
        .then((rows) => (committed = rows))
        .catch(() => {}),
    50,
  );
  const count = async (): Promise<number> => {
    const [row] = await postgres.server.query(`select count(*)::int as rows from ${table}`);
    return Number(row?.["rows"]);
  };
  const victim: Victim = { project, job, stride: records / 8, progress: () => committed };
  const { kills, summary } = await killAtRandom(victim, most, random).finally(() => clearInterval(counting));
  const ids = await postgres.server.query(`select count(*)::int as rows, count(distinct id)::int as ids from ${table}`);
  expect(ids).toEqual([{ rows: records, ids: records }]);
  expect(summary).toMatchObject({ state: "succeeded", read: records, written: records, balanced: true });
  return kills;
}

describe.concurrent(`${KILLS} kills of a run at random times (SEED=${SEED})`, () => {
  test("pull: every item is in the table once", async () => {
    await untilEnough(async (most, random) => {
      const source = { pagination: { type: "cursor", next: "/next" } };
      return await pullOnce({ total: 15_000, size: 10 }, source, most, random);
    });
  }, 600_000);

  test("push, a record a request, 16 in flight: every record is acted on once", async () => {
    await untilEnough((most, random) => pushOnce(RECORD_BY_RECORD, most, random));
  }, 600_000);

  test("push, in batches, 4 in flight: every record is acted on once", async () => {
    await untilEnough((most, random) => pushOnce(BY_BATCHES, most, random));
  }, 600_000);

  test.each<readonly [string, BodyEndpointOptions]>([
    ["by a server that gives parts", {}],
    ["by one that gives the whole each time", { ranges: "ignored", measured: false }],
  ])(
    "pull of one body %s: every record is in the table once",
    async (_name, options) => {
      await untilEnough((most, random) => streamOnce(options, most, random), STREAM_KILLS);
    },
    600_000,
  );
});

/** Thousands of rows are not to be printed because one of them is wrong. */
function firstDifference(found: readonly unknown[], expected: readonly unknown[]): string | undefined {
  const length = Math.max(found.length, expected.length);
  const at = idsTo(length).find((index) => found[index] !== expected[index]);
  if (at === undefined) return undefined;
  return `number ${at} of ${found.length} is ${String(found[at])}, and ${String(expected[at])} of ${expected.length} is wanted`;
}
