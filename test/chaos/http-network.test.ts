/**
 * A network between the run and its servers that cuts, halves, silences and delays connections, to the API and to Postgres:
 * nothing is lost, nothing doubled. `SEED=n` for another one; a failing seed is named.
 */
import { expect, test } from "vitest";
import { ActingEndpoint, type ActingOptions } from "../support/http/acting-endpoint.ts";
import { ItemsApi } from "../support/http/items-api.ts";
import { idsTo, itemsIn, itemTexts, type Keys, makeItemsTable, runHere, writeRecords } from "../support/http/jobs.ts";
import { troubledNetwork, type Trouble } from "../support/http/network.ts";
import { IMPATIENT } from "../support/http/transient-faults.ts";
import { UnrulyServer } from "../support/http/unruly-server.ts";
import { usePostgres } from "../support/postgres.ts";
import { Project } from "../support/project.ts";

const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

const postgres = usePostgres();

const TROUBLE: Trouble = { cut: 0.02, cutAfter: 0.02, halve: 0.03, silence: 0.003, delayMs: 1 };

test(`items come through to a table once (SEED=${SEED})`, async () => {
  using project = new Project();
  const { server: database } = postgres;
  const table = await makeItemsTable(database);
  await using server = await UnrulyServer.listen({
    routes: { "/items": { endpoint: new ItemsApi({ total: 6_000, size: 20 }) } },
  });
  await using network = await troubledNetwork(server.port, TROUBLE, SEED);
  await using databaseNetwork = await troubledNetwork(database.port, { cut: 0.01, cutAfter: 0.01 }, SEED + 1);
  const summary = await runHere(project, {
    source: {
      type: "http",
      url: `http://127.0.0.1:${network.port}/items`,
      timeout: IMPATIENT,
      records: "/data",
      pagination: { type: "cursor", next: "/next" },
    },
    sink: { type: "postgres", url: database.url().replace(`:${database.port}/`, `:${databaseNetwork.port}/`), table },
    rejects: undefined,
    commit: { interval: "50ms" },
  });
  expect(summary).toMatchObject({ error: null, state: "succeeded", read: 6_000, written: 6_000, balanced: true });
  expect(await itemsIn(database, table)).toEqual(itemTexts(6_000));
  expect(summary.retries).toBeGreaterThan(0);
});

test.each([
  { name: "a record each, 16 in flight", records: 1_500, acting: {}, sink: { concurrency: 16 } },
  {
    name: "batches, 4 in flight",
    records: 6_000,
    acting: { batch: "json" },
    sink: { batch: { records: 25 }, concurrency: 4 },
  },
] as readonly {
  readonly name: string;
  readonly records: number;
  readonly acting: ActingOptions;
  readonly sink: Keys;
}[])(`records are acted on once: $name (SEED=${SEED})`, async ({ records, acting, sink }) => {
  using project = new Project();
  writeRecords(project, records);
  const endpoint = new ActingEndpoint(acting);
  await using server = await UnrulyServer.listen({ routes: { "/post": { endpoint } } });
  await using network = await troubledNetwork(server.port, TROUBLE, SEED);
  const summary = await runHere(project, {
    source: { type: "file", path: "in.jsonl" },
    sink: { type: "http", url: `http://127.0.0.1:${network.port}/post`, timeout: IMPATIENT, ...sink },
    commit: { interval: "50ms" },
    chunk: { size: "4KiB" },
  });
  expect(summary).toMatchObject({ error: null, state: "succeeded", written: records, rejected: 0, balanced: true });
  expect(endpoint.ids.toSorted((a, b) => a - b)).toEqual(idsTo(records));
  expect(endpoint.conflicts).toEqual([]);
  expect(endpoint.repetitions).toBeGreaterThan(0);
});
