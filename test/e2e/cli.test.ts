/** The command line as people see it: help, checks, the sample project, and a run on a terminal. */
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generateOrders } from "../../scripts/generate-orders.ts";
import { usePostgres } from "../support/postgres.ts";
import { Project } from "../support/project.ts";

const root = path.resolve(import.meta.dirname, "../..");
const main = path.join(root, "src/cli/main.ts");

const postgres = usePostgres();
const project = new Project();
afterAll(() => project[Symbol.dispose]());

let environment: { readonly [name: string]: string };
beforeAll(async () => {
  await postgres.server.query(readFileSync(path.join(root, "config/tables.sql"), "utf8"));
  for (const name of ["orders.yaml", "orders.ts"]) {
    project.write(`config/${name}`, readFileSync(path.join(root, "config", name)));
  }
  generateOrders({ rows: 1_000, file: project.path(".cache/demo/orders.csv") });
  environment = { DATABASE_URL: postgres.server.url() };
});

describe("millrace --help", () => {
  test("lists the commands, examples and exit codes", async () => {
    const { code, out, err } = await project.run(["--help"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const command of [
      "run [options] <job>",
      "check [options] <files...>",
      "daemon [config]",
      "init [options] [dir]",
      "schema",
      "completion <shell>",
    ]) {
      expect(out).toContain(`\n  ${command} `);
    }
    expect(out).toContain("\n  millrace init demo ");
    expect(out).toContain("130/143 ended by SIGINT/SIGTERM");
  });

  test.each([
    ["an unknown command", ["frob"], "error: unknown command 'frob'\n(millrace --help lists what there is)\n"],
    ["a missing argument", ["run"], "error: missing required argument 'job'\n(millrace --help lists what there is)\n"],
    [
      "a command of a later release",
      ["tap"],
      "error: millrace tap: not built in this release; built now: run, check, test, daemon, runs, state, rejects, schedule, backfill, bench, init, schema, completion\n",
    ],
    [
      "options that exclude each other",
      ["run", "x.yaml", "--keep-written"],
      "error: --keep-written goes with --restart only\n",
    ],
  ])("is pointed to after %s, with exit code 2", async (_what, args, err) => {
    expect(await project.run(args)).toEqual({ code: 2, signal: null, out: "", err });
  });
});

describe("millrace schema", () => {
  test("prints what stands in config/millrace.schema.json", async () => {
    const { code, out } = await project.run(["schema"]);
    expect(code).toBe(0);
    expect(out).toBe(readFileSync(path.join(root, "config/millrace.schema.json"), "utf8"));
  });
});

describe("millrace check", () => {
  const plan = `orders   file ../.cache/demo/orders.csv -> orders.ts -> postgres orders (append)
  promise   every source record takes effect once, also after kill -9 (position in the data's transaction)
  warning   a second run appends the same files again (incremental: false)
            -> incremental: true in the source, which reads only what is new
  format    csv, 5 typed columns -> copy
  rejects   table millrace.rejects; the run ends beyond 5 %
`;

  test("prints the plan and the promise without touching anything", async () => {
    const ended = await project.run(["check", "config/orders.yaml"], {
      DATABASE_URL: "postgres://nobody@127.0.0.1:1/none",
    });
    expect(ended).toEqual({ code: 0, signal: null, err: "", out: `${plan}1 job, 0 errors, 1 warning\n` });
  });

  test("--connect adds what it found", async () => {
    const { code, out, err } = await project.run(["check", "config/orders.yaml", "--connect"], environment);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.startsWith(plan)).toBe(true);
    const [file, table, total] = out.slice(plan.length).split("\n");
    expect(file).toMatch(
      /^ {2}found {5}\.\.\/\.cache\/demo\/orders\.csv: 1 split, \d+ kB, fields id, customer_id, created_at, country, category, quantity, unit_price, currency, note, email$/,
    );
    expect(table).toBe(
      "  found     postgres orders: COPY binary, columns id, customer_id, created_at, country, category, amount, note, email; " +
        "it has no unique key, so rows that come in two runs stay there twice",
    );
    expect(total).toBe("1 job, 0 errors, 1 warning");
  });

  test("--connect tells what it could not reach, with exit code 1", async () => {
    const nowhere = { DATABASE_URL: "postgres://nobody:hunter2@127.0.0.1:1/none" };
    const { code, out, err } = await project.run(["check", "config/orders.yaml", "--connect"], nowhere);
    expect({ code, out }).toEqual({ code: 1, out: "1 job, 1 error, 0 warnings\n" });
    expect(err).toMatch(/^error: cannot connect to postgres nobody@127\.0\.0\.1:1\/none: .*\(SINK_UNAVAILABLE\)\n$/);
  });
});

test("millrace init: the job it writes runs as it stands", async () => {
  const written = await project.run(["init", "sample"]);
  expect(written).toMatchObject({ code: 0, err: "" });
  expect(written.out.endsWith("\nnext: npx millrace run sample/job.yaml\n")).toBe(true);
  const { code, summary } = await project.summaryOf(["sample/job.yaml"]);
  expect(code).toBe(0);
  expect(summary).toMatchObject({ read: 7, written: 4, filtered: 1, rejected: 2, balanced: true });
  expect(await project.run(["test", "sample/job.yaml"])).toMatchObject({ code: 0, out: "3 fixtures passed\n" });
  const again = await project.run(["init", "sample"]);
  expect(again).toMatchObject({ code: 2, out: "" });
  expect(again.err).toMatch(/^error: sample: job\.yaml, .* already there, nothing was written; name another folder\n$/);
});

/** util-linux's script gives a program a terminal of its own; BSD's takes other arguments. */
const hasScript = String(spawnSync("script", ["--version"]).stdout).includes("util-linux");

describe.skipIf(!hasScript)("on a terminal (needs script of util-linux), millrace run", () => {
  /** What appears on a terminal of 100 columns. */
  async function onTerminal(
    args: string,
    extra: { readonly [name: string]: string },
  ): Promise<{ code: number | null; shown: string }> {
    const command = `stty cols 100; exec "${process.execPath}" "${main}" ${args}`;
    const child = spawn("script", ["-qec", command, "/dev/null"], {
      cwd: project.folder,
      env: { PATH: process.env["PATH"] ?? "", TERM: "xterm", ...environment, ...extra },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let shown = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => (shown += part));
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    return { code, shown };
  }

  const ESCAPE = "\u001B[";
  const ERASE_LINE = `${ESCAPE}2K`;

  beforeAll(() => {
    project.write(
      "slow.ts",
      "const cell = new Int32Array(new SharedArrayBuffer(4));\nexport default (row) => (Atomics.wait(cell, 0, 0, 1), row);\n",
    );
    project.job({
      ...{ name: "slow", source: { type: "file", path: ".cache/demo/orders.csv" }, transform: "./slow.ts" },
      ...{ chunk: { size: "8KiB" }, sink: { type: "file", path: "slow.jsonl" } },
    });
  });

  test("draws a bar, takes it away and ends with the summary", async () => {
    const { code, shown } = await onTerminal("run slow.json", {});
    expect(code).toBe(0);
    const frames = shown.split(ERASE_LINE).map((frame) => stripVTControlCharacters(frame).trim());
    const bars = frames.filter((frame) => /^\S+ +█+░* +\d+ % {2}/.test(frame));
    expect(bars.length, shown).toBeGreaterThan(2);
    expect(
      bars.every((bar) => bar.length < 100 && /records/.test(bar)),
      bars.join("\n"),
    ).toBe(true);
    expect(frames[0]).toBe("slow  .cache/demo/orders.csv -> slow.ts -> file slow.jsonl");
    expect(frames.at(-1)).toMatch(
      /^done in \d\.\d+ s {3}1,000 read = 1,000 written \+ 0 filtered \+ 0 rejected {3}balanced\r\n {2}\d+ records\/s, /,
    );
    expect(shown).toContain(`${ESCAPE}32mdone in`);
  });

  test("uses no colours where NO_COLOR is set", async () => {
    const { code, shown } = await onTerminal("run sample/job.yaml", { NO_COLOR: "1" });
    expect(code).toBe(0);
    expect(shown).toContain("7 read = 4 written + 1 filtered + 2 rejected");
    expect(shown.replaceAll(ERASE_LINE, "")).not.toContain(ESCAPE);
  });
});
