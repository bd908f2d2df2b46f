import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isRuntimeFile, loadRuntime } from "../../../src/config/load-runtime.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import { minimal } from "./support.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "millrace-runtime-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => path.join(folder, name);
const write = (name: string, text: string): string => {
  mkdirSync(path.dirname(at(name)), { recursive: true });
  writeFileSync(at(name), text);
  return at(name);
};
/** A job of a name, with more lines behind it. */
const job = (name: string, more = ""): string => minimal.replace("orders", name) + more;
const runtime = (text: string): string => write("millrace.yaml", text);
const load = (environment = {}) => loadRuntime(at("millrace.yaml"), { environment });
/** The lines of the error, without the folder's name. */
const faults = (environment = {}): Promise<readonly string[]> =>
  load(environment).then(
    () => expect.unreachable("it loaded"),
    (error: unknown) =>
      error instanceof MillraceError ? error.message.replaceAll(`${folder}/`, "").split("\n") : [inspect(error)],
  );

describe("loadRuntime()", () => {
  test("fills in every default, and finds the jobs beside it", async () => {
    runtime("jobs: ['jobs/*.yaml']\n");
    write("jobs/b.yaml", job("b"));
    write("jobs/a.yaml", job("a"));
    const { config, jobs, files, baseDir } = await load();
    expect(config).toEqual({
      jobs: ["jobs/*.yaml"],
      state: { type: "sqlite", path: at(".millrace/state.db") },
      memory: { budgetBytes: "auto" },
      threads: "auto",
      admin: { host: "127.0.0.1", port: 9464, token: null },
      log: { level: "info", format: "auto", records: false },
      reload: { watch: false },
      cluster: { type: "none" },
      shutdown: { deadlineMs: 30_000 },
    });
    expect(jobs.map(({ name, baseDir: folderOfJob }) => [name, folderOfJob])).toEqual([
      ["a", at("jobs")],
      ["b", at("jobs")],
    ]);
    expect(files).toEqual([at("millrace.yaml"), at("jobs/a.yaml"), at("jobs/b.yaml")]);
    expect(baseDir).toBe(folder);
    expect(Object.isFrozen(config)).toBe(true);
  });

  test("takes what is written, with units and variables", async () => {
    runtime(`jobs: job.yaml
state: { type: postgres, url: "\${STATE}?stateSchema=ops" }
memory: { budget: 64MiB }
threads: 3
admin: { host: 0.0.0.0, port: "\${PORT}", token: "\${file:token}" }
log: { level: warn, format: json, records: true }
reload: { watch: "\${WATCH:-true}" }
shutdown: { deadline: 2m }
`);
    write("token", "hunter2\n");
    write("job.yaml", job("a"));
    const { config } = await load({ STATE: "postgres://u:hunter2@h/d", PORT: "0" });
    expect(config).toMatchObject({
      state: { type: "postgres", url: "postgres://u:hunter2@h/d", schema: "ops" },
      memory: { budgetBytes: 64 * 1024 * 1024 },
      threads: 3,
      admin: { host: "0.0.0.0", port: 0 },
      log: { level: "warn", format: "json", records: true },
      reload: { watch: true },
      shutdown: { deadlineMs: 120_000 },
    });
    expect(config.admin.token?.reveal()).toBe("hunter2");
    expect(`${inspect(config.admin)} ${JSON.stringify(config.admin)} ${String(config.admin.token)}`).not.toContain(
      "hunter2",
    );
  });

  test("reads JSON in either file, and a module as a job", async () => {
    runtime(JSON.stringify({ jobs: ["a.json", "b.mjs"], state: { type: "memory" } }));
    const sink = { type: "file", path: "out.jsonl" };
    const config = (name: string) => JSON.stringify({ name, source: { type: "file", path: "in.csv" }, sink });
    write("a.json", config("a"));
    write("b.mjs", `export default ${config("b")};`);
    const { jobs } = await load();
    expect(jobs.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  test("takes up what has changed since it was loaded, in a module too", async () => {
    runtime("jobs: [a.mjs]\n");
    const writeJob = (name: string) =>
      write(
        "a.mjs",
        `export default { name: "${name}", source: { type: "file", path: "in.csv" }, sink: { type: "file", path: "out.jsonl" } };`,
      );
    const namesNow = async () => (await load()).jobs.map(({ name }) => name);
    writeJob("first");
    expect(await namesNow()).toEqual(["first"]);
    utimesSync(writeJob("second"), 0, 0);
    expect(await namesNow()).toEqual(["second"]);
  });

  test("takes a file once, and itself never", async () => {
    runtime('jobs: ["*.yaml", ./a.yaml]\n');
    write("a.yaml", job("a"));
    expect((await load()).jobs.map(({ name }) => name)).toEqual(["a"]);
  });

  test("leaves parameters and slots of jobs open", async () => {
    runtime("jobs: [a.yaml]\n");
    write("a.yaml", job("a").replace("orders.csv", '"${param.region}-${slot.date}.csv"'));
    expect((await load()).jobs[0]?.source).toMatchObject({ path: "${param.region}-${slot.date}.csv" });
  });

  test("spells job files from where its own name starts", async () => {
    write("deep/millrace.yaml", "jobs: ['../jobs/*.yaml']\n");
    write("jobs/a.yaml", "name: A\n");
    const relative = path.relative(process.cwd(), at("deep/millrace.yaml"));
    await expect(loadRuntime(relative)).rejects.toThrow(
      `${path.relative(process.cwd(), at("jobs/a.yaml"))}:1:7: name: expected lower-case letters`,
    );
  });
});

describe("loadRuntime() refuses", () => {
  beforeEach(() => void write("a.yaml", job("a")));

  test.each<[string, string, string | RegExp]>([
    [
      "an unknown key",
      "jobs: a.yaml\nadmn: { port: 1 }",
      "2:1: admn: unknown key; allowed here: jobs, state, memory, threads, admin, log, reload, cluster, shutdown (nearest: admin)",
    ],
    [
      "an unknown key of a key",
      "jobs: a.yaml\nadmin: { prot: 1 }",
      "2:10: admin.prot: unknown key; allowed here: host, port, token (nearest: port)",
    ],
    ["no jobs at all", "threads: 1", "1:1: jobs: missing; expected text or a list"],
    ["an empty list", "jobs: []", "1:7: jobs: expected at least 1 entry, got an empty list"],
    ["a wrong type", "jobs: a.yaml\nthreads: [2]", "2:10: threads: expected auto or a whole number, got a list"],
    ["no size", "jobs: a.yaml\nmemory: { budget: much }", /^2:19: memory\.budget: expected .*64KiB.*, got "much"$/],
    [
      "a port out of range",
      "jobs: a.yaml\nadmin: { port: 70000 }",
      "2:16: admin.port: expected a port from 0 to 65535, got 70000",
    ],
    [
      "another level",
      "jobs: a.yaml\nlog: { level: warning }",
      '2:15: log.level: expected one of debug, info, warn, error, got "warning" (nearest: warn)',
    ],
    [
      "a variable that is not set",
      'jobs: a.yaml\nadmin: { token: "${TOKEN}" }',
      "2:17: admin.token: the environment variable TOKEN is not set; set it or give a default: ${TOKEN:-...}",
    ],
    [
      "a run's values",
      'jobs: "${param.jobs}.yaml"',
      "1:7: jobs: param and slot are a run's and stand in job files; here: ${NAME}, ${NAME:-default} or ${file:path}",
    ],
    [
      "an open address without a token",
      'jobs: a.yaml\nadmin: { host: 0.0.0.0, token: "${TOKEN:-}" }',
      "2:32: admin.token: empty; admin.host reaches beyond this machine, where every request has to show a token: set one, or host: 127.0.0.1",
    ],
    [
      "another state's address",
      "jobs: a.yaml\nstate: { type: postgres, url: mysql://u:hunter2@h/d }",
      '2:31: state.url: expected an address such as postgres://millrace@db/ops, got "mysql://u:***@h/d"',
    ],
    [
      "a cluster",
      "jobs: a.yaml\ncluster: { type: postgres }",
      "2:18: cluster.type: postgres: not built in this release (built now: none; daemons on one Postgres state share slots anyway)",
    ],
    [
      "a glob that finds nothing",
      'jobs: [a.yaml, "jobs/*.yaml"]',
      "1:16: jobs[1]: no job file matches jobs/*.yaml; paths and globs start from this file's folder",
    ],
    ["itself as a job", "jobs: millrace.yaml", "1:7: jobs: millrace.yaml finds this file alone; name the job files"],
    ["a folder", "jobs: folder", "1:7: jobs: folder is a folder; write folder/*.yaml"],
  ])("%s", async (_, text, message) => {
    mkdirSync(at("folder"));
    runtime(text);
    const [line = "", ...others] = await faults();
    expect(others).toEqual([]);
    expect(line).toMatch(/^millrace\.yaml:/);
    const told = line.slice("millrace.yaml:".length);
    if (typeof message === "string") expect(told).toBe(message);
    else expect(told).toMatch(message);
  });

  test("faults of several job files, all at once", async () => {
    runtime('jobs: ["*.yaml", gone.yml, c.json]\n');
    write("a.yaml", job("a", "workers: [1]\nworkres: 1\n"));
    write("b.yaml", "name: [\n");
    write("c.json", "{}");
    expect(await faults()).toEqual([
      "millrace.yaml:1:18: jobs[1]: no job file matches gone.yml; paths and globs start from this file's folder",
    ]);
    runtime('jobs: ["*.yaml", c.json]\n');
    const told = await faults();
    expect(told.map((line) => line.split(": ")[0])).toEqual([
      "a.yaml:4:10",
      "a.yaml:5:1",
      "b.yaml:2:1",
      "c.json:1:1",
      "c.json:1:1",
      "c.json:1:1",
    ]);
  });

  test("a job file that cannot be opened, by its name", async () => {
    runtime("jobs: [a.yaml, notes.txt]\n");
    write("notes.txt", "");
    expect(await faults()).toEqual(["notes.txt: not a job file; allowed: .yaml, .yml, .json, .ts, .mts, .js, .mjs"]);
  });

  test("two jobs of one name, naming both files", async () => {
    runtime("jobs: ['*.yaml']\n");
    write("b.yaml", job("a"));
    expect(await faults()).toEqual(["b.yaml:1:7: name: a is the name of a.yaml too; names have to differ"]);
  });

  test("a chain from a job that is not there", async () => {
    runtime("jobs: ['*.yaml']\n");
    write("orders.yaml", job("orders"));
    write("b.yaml", job("b", "trigger: { type: after, job: oders }\n"));
    expect(await faults()).toEqual([
      'b.yaml:4:30: trigger.job: no job of this name runs here: "oders"; did you mean orders?',
    ]);
  });

  test("a chain from a job that never ends", async () => {
    runtime("jobs: ['*.yaml']\n");
    const topic = 'source: { type: kafka, brokers: "b:9092", topics: t, group: g }';
    write("a.yaml", job("a").replace(/source: .*/, topic));
    write("b.yaml", job("b", "trigger: { type: after, job: a }\n"));
    expect(await faults()).toEqual([
      "b.yaml:4:30: trigger.job: a run of a never ends by itself, so nothing comes after it; take an interval",
    ]);
  });

  test("jobs that wait for each other, once a circle; one that only leads into it is not told", async () => {
    runtime("jobs: ['*.yaml']\n");
    const after = (name: string, before: string) =>
      write(`${name}.yaml`, job(name, `trigger: { type: after, job: ${before} }\n`));
    after("a", "c");
    after("b", "a");
    after("c", "b");
    after("d", "a");
    after("e", "e");
    expect(await faults()).toEqual([
      "a.yaml:4:30: trigger.job: the jobs wait for each other: a after c after b after a; let one of them have another trigger",
      "e.yaml:4:30: trigger.job: the jobs wait for each other: e after e; let one of them have another trigger",
    ]);
  });

  test("modules and files that are not there", async () => {
    await expect(loadRuntime(at("millrace.ts"))).rejects.toThrow(
      "millrace.ts: not a runtime file; allowed: .yaml, .yml, .json (a program calls createRuntime instead)",
    );
    await expect(load()).rejects.toMatchObject({
      code: "CONFIG_UNREADABLE",
      message: `${at("millrace.yaml")}: no such file`,
    });
  });
});

test.each<[string, boolean]>([
  ["jobs: []", true],
  ["admin: { port: 1 }", true],
  [minimal, false],
  [`${minimal}jobs: []`, false],
  ["name: [", false],
  ["[]", false],
])("isRuntimeFile() tells runtime files from jobs by their keys: %j", async (text, expected) => {
  expect(await isRuntimeFile(write("some.yaml", text))).toBe(expected);
});
