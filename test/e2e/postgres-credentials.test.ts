/** Passwords of databases stay out of everything that is printed, told, logged or kept, whatever goes wrong. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Daemon, Deployment } from "../support/daemon.ts";
import { usePostgres } from "../support/postgres.ts";
import type { Project } from "../support/project.ts";

/** What is looked for. */
const MARK = "mArK3r7Zq";
/** With everything that a url escapes and a shell, a pattern or a driver may trip over. */
const PASSWORD = `${MARK}/p@ss:w%rd?#&'" ${MARK}`;
/** As a job names it: in itself, by the environment, and from a file. */
const FROM_ENVIRONMENT = "${DATABASE_URL}";
const KEY = `-----BEGIN PRIVATE KEY-----\n${MARK.repeat(8)}\n-----END PRIVATE KEY-----\n`;

const postgres = usePostgres();
let deployment: Deployment;
let environment: Readonly<Record<string, string>>;
let daemon: Daemon;

/** The url of the role with that password, in which something may be wrong. */
function urlOf({ password = PASSWORD, database = "postgres", port = String(postgres.server.port) } = {}): string {
  return `postgres://etl:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}

/** The same with user and password behind the question mark, where drivers take them, too. */
function urlWithQuery(database: string): string {
  const parameters = new URLSearchParams({ user: "etl", password: PASSWORD });
  return `postgres://127.0.0.1:${postgres.server.port}/${database}?${parameters.toString()}`;
}

const table = (url: string, name = "target", more: object = {}) => ({ type: "postgres", url, table: name, ...more });

/** Jobs that go well and jobs that do not, with their sources and sinks. */
function jobs(): Readonly<Record<string, { readonly source: object; readonly sink: object }>> {
  const good = table(FROM_ENVIRONMENT, "origin");
  const lines = { type: "file", path: "in.jsonl" };
  return {
    good: { source: good, sink: table("${file:secrets/url}") },
    listed: { source: table(urlOf(), "origin", { url: [urlOf({ port: "1" }), urlOf()] }), sink: table(urlOf()) },
    queried: { source: lines, sink: table(urlWithQuery("nowhere")) },
    "wrong-password": { source: lines, sink: table(urlOf({ password: `${PASSWORD}!` })) },
    "wrong-source": { source: table(urlOf({ password: `${PASSWORD}!` }), "origin"), sink: table(urlOf()) },
    "no-database": { source: lines, sink: table(urlOf({ database: "nowhere" })) },
    "nobody-there": { source: lines, sink: table(urlOf({ port: "1" })) },
    "no-url": { source: lines, sink: table(urlOf({ port: "port" })) },
    "no-url-either": { source: table(`postgres//etl:${PASSWORD}@host/db`, "origin"), sink: table(urlOf()) },
    "no-table": { source: lines, sink: table(urlOf(), "targte") },
    "breaks-off": {
      source: { type: "postgres", url: urlOf(), query: "SELECT id, 1 / (20 - id) AS v FROM origin" },
      sink: table(urlOf()),
    },
    "no-tls": { source: lines, sink: table(urlOf(), "target", { ssl: { key: KEY } }) },
    "before-fails": { source: lines, sink: table(urlOf(), "target", { before: "SELECT nothing" }) },
  };
}

beforeAll(async () => {
  const { server } = postgres;
  await server.query(`CREATE ROLE etl SUPERUSER LOGIN PASSWORD '${PASSWORD.replaceAll("'", "''")}'`);
  await server.query("CREATE TABLE origin AS SELECT i AS id, i AS v FROM generate_series(1, 50) i");
  await server.query("ALTER TABLE origin ADD PRIMARY KEY (id); CREATE TABLE target (id int, v int CHECK (v <> 7))");
  environment = { DATABASE_URL: urlOf() };
  deployment = new Deployment({ log: { level: "debug", format: "json" } });
  deployment.project.write("jobs/in.jsonl", '{"id": 1, "v": 1}\n');
  deployment.project.write("jobs/secrets/url", `${urlOf()}\n`);
  const common = { trigger: { type: "manual" }, retry: { for: "1ms" }, errors: { maxRejectRate: 1 } };
  for (const [name, job] of Object.entries(jobs())) deployment.deploy({ name, ...job, ...common });
});
afterAll(() => deployment[Symbol.dispose]());

/** A text says nothing of the password: not as it is, not escaped, and not in base64, wherever it begins in it. */
function assertSilent(text: string, what: string): void {
  const encoded = [0, 1, 2].map((shift) =>
    Buffer.from(`${"x".repeat(shift)}${MARK}`)
      .toString("base64")
      .slice(shift === 0 ? 0 : 4, 12),
  );
  for (const form of [MARK, ...encoded]) {
    const at = text.indexOf(form);
    expect(at === -1 ? "silent" : text.slice(Math.max(0, at - 200), at + 50), `${what}: ${form}`).toBe("silent");
  }
}

const jobFile = (name: string): string => `jobs/${name}.json`;

describe("passwords of databases are not told", () => {
  test.concurrent.each([
    ["check", 0],
    ["check --connect", 2],
  ])("by millrace %s", async (command, expected) => {
    const files = Object.keys(jobs()).map(jobFile);
    const { out, err, code } = await deployment.project.run([...command.split(" "), ...files], environment);
    expect(code, err).toBe(expected);
    assertSilent(out + err, command);
  });

  test("by a daemon at its wordiest, its API, and what it keeps", async () => {
    daemon = await deployment.start(environment);
    await using _stop = { [Symbol.asyncDispose]: async () => void (await daemon.stop()) };
    const begun = Object.keys(jobs()).map(async (job) => ({ job, answer: await daemon.post(`/api/jobs/${job}/run`) }));
    const answers = await Promise.all(begun);
    await daemon.until("all that could begin has ended", async () => {
      const { body } = await daemon.get<{ items: readonly { state: string }[] }>("/api/runs?limit=100");
      return body.items.every(({ state }) => state !== "running" && state !== "waiting") || undefined;
    });
    const told = await Promise.all(
      ["/", "/metrics", "/api/jobs", "/api/runs", ...Object.keys(jobs()).map((job) => `/api/jobs/${job}`)].map(
        async (address) => await (await fetch(daemon.url + address)).text(),
      ),
    );
    const runs = await daemon.runs("good");
    expect(runs.map(({ state, written }) => [state, written])).toEqual([["succeeded", 49]]);
    assertSilent(JSON.stringify(answers), "answers of POST");
    for (const text of told) assertSilent(text, "the API");
    assertSilent(daemon.process.err, "the log");
  });

  test.each([
    ["run good --json", 0],
    ["run good --dry-run", 0],
    ["run breaks-off", 1],
    ["runs", 0],
    ["state show good", 0],
    ["state ddl good", 0],
    ["rejects list good", 0],
    ["bench insert good --iterations=1 --json", 0],
    ["bench insert wrong-password", 1],
  ])("by millrace %s", async (line, expected) => {
    const args = line.split(" ").map((word) => (word in jobs() ? jobFile(word) : word));
    const state = /^(?:run|runs|rejects|state show)\b/.test(line) ? [`--state=${urlOf()}?stateSchema=told`] : [];
    const { out, err, code } = await deployment.project.run([...args, ...state], environment);
    expect(code, err).toBe(expected);
    assertSilent(out + err, line);
  });

  test("by what lies in state stores and databases behind all this", async () => {
    for (const text of filesUnder(deployment.project, "state")) assertSilent(text, "the state's files");
    const { server } = postgres;
    const tables = await server.query(
      "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('millrace', 'told', 'public')",
    );
    expect(tables.length).toBeGreaterThan(8);
    for (const { name } of tables) {
      assertSilent(JSON.stringify(await server.query(`SELECT t::text FROM ${String(name)} t`)), String(name));
    }
    assertSilent(
      JSON.stringify(await server.query("SELECT query, application_name FROM pg_stat_activity")),
      "sessions",
    );
  });
});

/** All that lies there, byte by byte. */
function filesUnder(project: Project, folder: string): readonly string[] {
  const entries = readdirSync(project.path(folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(path.join(parentPath, name), "latin1"));
}
