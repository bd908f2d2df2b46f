import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import type { Job } from "../../../src/config/job.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import type { RunSummary } from "../../../src/core/summary.ts";
import type { RunJobOptions } from "../../../src/pipeline/run-options.ts";
import { started, summaryOf } from "../observability/run-script.ts";
import { type FakeProcess, fakeProcess } from "./support.ts";

const runJob = vi.hoisted(() => vi.fn<(job: Job, options: RunJobOptions) => Promise<RunSummary>>());
vi.mock("../../../src/pipeline/run-job.ts", () => ({ runJob }));

const COUNTS = { read: 2, written: 2, filtered: 0, rejected: 0, folded: 0, emitted: 2 };
const summary = summaryOf({ run: "01J", ...COUNTS, sinks: { sink: { ...COUNTS, bytes: 9 } }, rejects: [] });

let folder: string;
let job: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "millrace-cli-"));
  job = path.join(folder, "job.json");
  const config = {
    name: "orders",
    source: { type: "file", path: "${param.day:-in}.csv" },
    sink: { type: "file", path: "out.jsonl" },
  };
  writeFileSync(job, JSON.stringify(config));
  writeFileSync(path.join(folder, "in.csv"), "id,name\n1,a\n");
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  runJob.mockReset();
  runJob.mockResolvedValue(summary);
});

async function run(args: readonly string[], process = fakeProcess()): Promise<FakeProcess & { code: number }> {
  return Object.assign(process, { code: await runProgram(args, process) });
}
const options = (): RunJobOptions => runJob.mock.calls[0]?.[1] ?? {};

describe("millrace run", () => {
  test("keeps its state beside the job and listens to signals while it runs", async () => {
    const process = fakeProcess();
    runJob.mockImplementation(async (_job, { signal }) => {
      expect(signal?.aborted).toBe(false);
      process.signal("SIGTERM");
      expect(signal?.aborted).toBe(true);
      return { ...summary, state: "interrupted" };
    });
    expect((await run(["run", job], process)).code).toBe(143);
    expect(options().state).toBe(path.join(folder, ".millrace", "state.db"));
    expect(process.listeners()).toBe(0);
  });

  test("passes its options on", async () => {
    const flags = [
      "--param",
      "day=mon",
      "--param",
      "x=1",
      "--slot",
      "2026-11-22",
      "--restart",
      "--keep-written",
      "--accept-rejects",
    ];
    expect((await run(["run", job, ...flags, "--state", "elsewhere.db"])).code).toBe(0);
    expect(runJob.mock.calls[0]?.[0].source).toMatchObject({ path: "mon.csv" });
    expect(options()).toMatchObject({
      params: { day: "mon", x: "1" },
      slot: "2026-11-22",
      restart: true,
      keepWritten: true,
      acceptRejects: true,
      state: path.resolve("elsewhere.db"),
    });
    for (const absent of ["resume", "limit", "dryRun"]) expect(options()).not.toHaveProperty(absent);
  });

  test("passes --limit on as a number, and --dry-run as what it is shown", async () => {
    await run(["run", job, "--limit", "1_000", "--dry-run"]);
    expect(options()).toMatchObject({ limit: 1000, dryRun: { rows: expect.any(Function) } });
  });

  test("draws nothing over again on a dumb terminal or in a build's log", async () => {
    runJob.mockImplementation(async (_job, { observers = [] }) => {
      for (const observe of observers) observe(started());
      return summary;
    });
    for (const env of [{ TERM: "dumb" }, { CI: "true", NO_COLOR: "1" }]) {
      const { out, err } = await run(["run", job], fakeProcess({ isTTY: true, env }));
      expect(err() + out()).not.toContain("\u001B");
      expect(err()).toMatch(/^orders {2}data\/orders\.csv -> orders\.ts -> postgres orders\n\n/);
      expect(out()).toContain("2 read = 2 written");
    }
  });

  test("takes the state's place from MILLRACE_STATE, as a path or an address", async () => {
    await run(["run", job, "--resume", "01J"], fakeProcess({ env: { MILLRACE_STATE: "memory:" } }));
    expect(options()).toMatchObject({ state: "memory:", resume: "01J" });
  });

  test("prints one JSON object on stdout and the log on stderr", async () => {
    const { code, out } = await run(["run", job, "--json"]);
    expect(code).toBe(0);
    expect(out()).toBe(`${JSON.stringify(summary)}\n`);
  });

  test("writes JSON lines to stderr where there is no terminal", async () => {
    runJob.mockImplementation(async (_job, { observers = [] }) => {
      const counts = { ...COUNTS, bytes: 9 };
      for (const observe of observers) {
        observe({
          kind: "run-ended",
          job: "orders",
          run: "01J",
          at: 0,
          state: "succeeded",
          durationMs: 10,
          counts,
          message: null,
        });
      }
      return summary;
    });
    const { out, err } = await run(["run", job]);
    expect(out()).toBe("");
    expect(JSON.parse(err())).toMatchObject({ level: "info", job: "orders", msg: "run succeeded", read: 2 });
  });

  test("draws a bar and a summary on a terminal", async () => {
    runJob.mockImplementation(async (_job, { observers = [] }) => {
      for (const observe of observers) {
        observe({
          kind: "run-started",
          job: "orders",
          run: "01J",
          at: 0,
          source: "in.csv",
          sinks: { sink: "file out.jsonl" },
          transform: null,
          totalBytes: 9,
          splits: 1,
          threads: 1,
          trigger: "manual",
          slot: null,
          resumed: null,
        });
      }
      return summary;
    });
    const { out, err } = await run(["run", job], fakeProcess({ isTTY: true, env: { NO_COLOR: "1" } }));
    expect(err()).toContain("orders  in.csv -> file out.jsonl\n\n");
    expect(out()).toContain("2 read = 2 written + 0 filtered + 0 rejected");
  });

  test("tells only errors when it is quiet", async () => {
    const error = { code: "SINK_FAILED" as const, message: "postgres://me:hunter2@db is full" };
    runJob.mockResolvedValue({ ...summary, state: "failed", error });
    const { code, out, err } = await run(["run", job, "--quiet"]);
    expect([code, out(), err()]).toEqual([1, "", "error: postgres://me:***@db is full (SINK_FAILED)\n"]);
  });

  test("gives rejects over the limit their own exit code", async () => {
    runJob.mockResolvedValue({ ...summary, state: "rejected" });
    expect((await run(["run", job, "--quiet"])).code).toBe(3);
  });

  test("tells what keeps a run from beginning, with its place", async () => {
    runJob.mockRejectedValue(new MillraceError("SOURCE_NOT_FOUND", "source.path: no file matches in.csv"));
    const { code, err } = await run(["run", job, "--json"]);
    expect(code).toBe(2);
    expect(err()).toBe(`${job}:1:49: source.path: no file matches in.csv\n`);
  });

  test.each([
    [["--keep-written"], "error: --keep-written goes with --restart only\n"],
    [["--restart", "--resume", "01J"], "error: --restart and --resume exclude each other\n"],
    [["--param", "day"], 'error: --param takes name=value, got "day"\n'],
    [
      ["--slot", "soon"],
      'error: --slot takes a date or a time such as 2026-11-22 or 2026-11-22T02:00+01:00, got "soon"\n',
    ],
    [["--limit", "0"], 'error: --limit takes a number of source records from 1 on, such as 1000, got "0"\n'],
    [
      ["--limit", "5", "--restart"],
      "error: --limit is a run of its own that begins at the start; leave out --restart\n",
    ],
    [
      ["--dry-run", "--resume", "01J"],
      "error: --dry-run is a run of its own that begins at the start; leave out --resume\n",
    ],
    [["--profile"], "error: --profile: not built in this release (node --cpu-prof does it)\n"],
  ])("refuses %j before anything runs", async (flags, message) => {
    const { code, err } = await run(["run", job, ...flags]);
    expect([code, err()]).toEqual([2, message]);
    expect(runJob).not.toHaveBeenCalled();
  });
});

describe("millrace check", () => {
  test("prints the flow, the promise and the totals", async () => {
    const { code, out, err } = await run(["check", job]);
    expect([code, err()]).toEqual([0, ""]);
    expect(out()).toBe(`orders   file in.csv -> file out.jsonl (replace)
  promise   every source record takes effect once in the finished file, which appears only when it is complete
  format    csv -> jsonl
  rejects   the state store; the run ends beyond 5 %
1 job, 0 errors, 0 warnings
`);
  });

  test("looks at the files with --connect", async () => {
    const { code, out } = await run(["check", job, "--connect"]);
    expect(code).toBe(0);
    expect(out()).toContain("  found     in.csv: 1 split, 12 B, fields id, name\n");
  });

  test("says where a file is missing", async () => {
    const { code, out, err } = await run(["check", job, "--connect", "--param", "day=inn"]);
    expect(code).toBe(2);
    expect(err()).toMatch(/job\.json:1:49: source\.path: no file matches inn\.csv\n {2}did you mean in\.csv\?\n$/);
    expect(out()).toBe("1 job, 1 error, 0 warnings\n");
  });

  test("goes on after a wrong job, and refuses the same name twice", async () => {
    const wrong = path.join(folder, "wrong.yaml");
    const twin = path.join(folder, "twin.yaml");
    writeFileSync(wrong, "name: A\n");
    writeFileSync(twin, readFileSync(job));
    const { code, out, err } = await run(["check", wrong, job, twin]);
    expect(code).toBe(2);
    expect(err()).toContain(`${wrong}:1:7: name: expected lower-case letters`);
    expect(err()).toContain(`error: ${twin}: name: orders is the name of ${job} too; names have to differ\n`);
    expect(out()).toMatch(/3 jobs, 2 errors, 0 warnings\n$/);
  });

  test("prints what weakens a promise, and warnings", async () => {
    const weak = path.join(folder, "weak.yaml");
    writeFileSync(
      weak,
      `name: weak-orders
source: { type: file, path: [in.csv, more.csv] }
columns: { id: int }
transform: { module: a.ts, deterministic: false }
sink: { type: postgres, url: "postgres://u:secret@h/d", table: orders }
`,
    );
    expect(
      (await run(["check", weak])).out(),
    ).toBe(`weak-orders   file in.csv, more.csv -> a.ts -> postgres orders (append)
  promise   every source record takes effect once, also after kill -9 (position in the data's transaction)
            weakened by transform.deterministic: false: a record that is tried again after a crash may come out differently
            -> let its result depend on the record alone
  warning   a second run appends the same files again (incremental: false)
            -> incremental: true in the source, which reads only what is new
  format    csv, 1 typed column -> copy
  rejects   table millrace.rejects; the run ends beyond 5 %
1 job, 0 errors, 1 warning
`);
  });

  test("prints JSON for programs", async () => {
    const { out } = await run(["check", job, path.join(folder, "none.yaml"), "--json"]);
    expect(JSON.parse(out())).toEqual({
      jobs: [
        {
          file: job,
          job: "orders",
          flow: "file in.csv -> file out.jsonl (replace)",
          format: "csv -> jsonl",
          promises: [{ sink: "sink", promise: expect.any(String), weakenedBy: [], warnings: [] }],
          found: [],
        },
        { file: path.join(folder, "none.yaml"), error: `error: ${path.join(folder, "none.yaml")}: no such file` },
      ],
      errors: 1,
      warnings: 0,
    });
  });
});

describe("millrace init", () => {
  test("writes a project that check accepts, and never overwrites", async () => {
    const dir = path.join(folder, "demo");
    const { code, out } = await run(["init", dir]);
    expect(code).toBe(0);
    expect(out()).toContain(`next: npx millrace run ${path.join(dir, "job.yaml")}\n`);
    for (const file of ["job.yaml", "orders.ts", "job.test.jsonl", "data/orders.csv", "README.md", "package.json"]) {
      expect(existsSync(path.join(dir, file)), file).toBe(true);
    }
    expect((await run(["check", path.join(dir, "job.yaml"), "--connect"])).code).toBe(0);
    const again = await run(["init", dir]);
    expect(again.code).toBe(2);
    expect(again.err()).toBe(
      `error: ${dir}: job.yaml, orders.ts, job.test.jsonl, data/orders.csv, README.md, package.json already there, nothing was written; name another folder\n`,
    );
  });

  test("says why it cannot write", async () => {
    const { code, err } = await run(["init", path.join(job, "below")]);
    expect(code).toBe(2);
    expect(err()).toContain("error: cannot write ");
  });

  test("--from writes a job that check accepts, says what it found, and never overwrites", async () => {
    const dir = path.join(folder, "from");
    const from = path.join(folder, "people.csv");
    writeFileSync(from, "id;name;born;zip\n1;Ada;10.12.1815;00501\n2;Grace;09.12.1906;NA\n");
    const { code, out, err } = await run(["init", dir, "--from", from]);
    expect([code, err()]).toEqual([0, ""]);
    expect(out()).toContain('people.csv  csv, ";" between fields, 2 records looked at, all of them\n');
    expect(out()).toMatch(/^ {2}born {2}\| date dd\.MM\.yyyy \| 10\.12\.1815$/m);
    expect(out()).toMatch(/^ {6}npx millrace run .*people\.yaml$/m);
    expect(readFileSync(path.join(dir, "people.ts"), "utf8")).toContain("Transform<People>");
    const checked = await run(["check", path.join(dir, "people.yaml"), "--connect"]);
    expect([checked.code, checked.err()]).toEqual([0, ""]);
    const again = await run(["init", dir, "--from", from]);
    expect([again.code, again.err()]).toEqual([2, expect.stringContaining("already there, nothing was written")]);
  });

  test.each([
    [["--to", "x.jsonl"], "error: --to goes with --from only: which file is to be loaded?\n"],
    [["--from", "none.csv"], "error: --from none.csv: there is no such file (SOURCE_NOT_FOUND)\n"],
    [
      ["--from", "x.csv", "--to", "mysql://u:pw@h/d"],
      'error: --to takes postgres://host/database/table, https://host/path, or a file that ends in .csv or .jsonl, got "mysql://u:***@h/d"\n',
    ],
    [
      ["--from", "x.csv", "--to", "postgres://u:pw@h"],
      "error: --to takes postgres://host/database/table: the table stands behind the database\n",
    ],
  ])("refuses %j and writes nothing", async (flags, message) => {
    const { code, err } = await run(["init", path.join(folder, "nothing"), ...flags]);
    expect([code, err()]).toEqual([2, message]);
    expect(existsSync(path.join(folder, "nothing"))).toBe(false);
  });
});

describe("millrace", () => {
  test.each([
    [["schema"], "millrace job"],
    [["schema", "--runtime"], "millrace runtime"],
  ])("%j prints a JSON Schema", async (args, title) => {
    const { code, out } = await run(args);
    expect(code).toBe(0);
    expect(JSON.parse(out())).toMatchObject({ title });
  });

  test.each([
    [["--help"], "Examples:\n  millrace init demo"],
    [["run", "--help"], "Examples:\n  millrace run config/orders.yaml\n"],
    [["check", "--help"], "--connect"],
    [["init", "--help"], "--from orders.csv.gz --to postgres://"],
    [["schema", "--help"], "Example:"],
    [["completion", "--help"], "millrace completion fish | source"],
    [["completion", "bash"], "complete -o default -F _millrace millrace"],
    [["--version"], "0."],
  ])("answers %j on stdout", async (args, text) => {
    const { code, out, err } = await run(args);
    expect([code, err()]).toEqual([0, ""]);
    expect(out()).toContain(text);
  });

  test("does not list in its help what is not built", async () => {
    expect((await run(["run", "--help"])).out()).not.toMatch(/--explain|--profile/);
    expect((await run(["--help"])).out()).not.toMatch(/\b(?:top|tap)\b/);
  });

  test.each([
    [[], "Usage: millrace"],
    [["rnu"], "error: unknown command 'rnu'\n(Did you mean run?)"],
    [["run"], "error: missing required argument 'job'"],
    [["completion", "tcsh"], "Allowed choices are bash, zsh, fish."],
    [["run", "a.yaml", "--jsn"], "error: unknown option '--jsn'\n(Did you mean --json?)"],
    [
      ["top", "--any", "thing"],
      "error: millrace top: not built in this release; built now: run, check, test, daemon, runs, state, rejects, schedule, backfill, bench, init, schema, completion\n",
    ],
  ])("ends with 2 for %j and says why on stderr", async (args, text) => {
    const { code, out, err } = await run(args);
    expect([code, out()]).toEqual([2, ""]);
    expect(err()).toContain(text);
  });
});
