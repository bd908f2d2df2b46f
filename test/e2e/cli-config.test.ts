import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const main = path.resolve(import.meta.dirname, "../../src/cli/main.ts");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "millrace-e2e-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/**
 * The program, in the test's folder, with a clean environment.
 *
 * @param onErr called whenever it has written to stderr, with all that it wrote there
 */
function millrace(
  args: readonly string[],
  env: { [name: string]: string } = {},
  onErr: (child: ChildProcess, err: string) => void = () => {},
): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text.out += part));
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    text.err += part;
    onErr(child, text.err);
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, ...text })));
}

const job = (name: string, text: string): string => {
  writeFileSync(path.join(folder, name), text);
  return name;
};

const good = `name: orders
source: { type: file, path: orders.csv }
sink: { type: file, path: out.jsonl }
`;

describe("what is wrong with a job is told where it is, with exit code 2", () => {
  test.each([
    [
      "a YAML mistake",
      "name: orders\nsource:\n  type: file\n path: a.csv\n",
      "job.yaml:4:1: not valid YAML: all mapping items must start at the same column\n",
    ],
    [
      "an unset variable",
      good.replace("orders.csv", '"${IN}"'),
      "job.yaml:2:29: source.path: the environment variable IN is not set; set it or give a default: ${IN:-...}\n",
    ],
    [
      "an unknown key",
      good.replace("path: out", "pth: x, path: out"),
      "job.yaml:3:21: sink.pth: unknown key; allowed here: type, path, format, compression, columns, mode, rotate, partitionBy, csv (nearest: path)\n",
    ],
    ["a wrong type", `${good}workers: [2]\n`, "job.yaml:4:10: workers: expected auto or a whole number, got a list\n"],
    [
      "what is not built",
      `${good}aggregate: { groupBy: [a], measures: {} }\n`,
      "job.yaml:4:1: aggregate: not built in this release (groups, measures and windows over the records)\n",
    ],
    ["a key twice", `${good}name: again\n`, "job.yaml:4:1: name: this key is given twice; the first is on line 1\n"],
    ["a missing file", good, "job.yaml:2:29: source.path: no file matches orders.csv\n"],
  ])("%s", async (_what, text, message) => {
    const ended = await millrace(["run", job("job.yaml", text), "--json"]);
    expect(ended.err.startsWith(message), ended.err).toBe(true);
    expect(ended).toMatchObject({ code: 2, out: "" });
  });

  test("a job file that is not there", async () => {
    expect(await millrace(["run", "nowhere.yaml"])).toEqual({
      code: 2,
      out: "",
      err: "error: nowhere.yaml: no such file\n",
    });
  });

  test("never with the value of a variable or a password", async () => {
    const text = good.replace(/sink: .*/, 'sink: { type: postgres, url: "${URL}", table: [a] }\nworkers: "${WORKERS}"');
    const ended = await millrace(["run", job("secret.yaml", text)], {
      URL: "postgres://u:hunter2@h/d",
      WORKERS: "hunter3",
    });
    expect(ended.code).toBe(2);
    expect(ended.err).toContain(
      "secret.yaml:4:10: workers: expected auto or a whole number, got the value of ${WORKERS}\n",
    );
    expect(ended.err).not.toContain("hunter");
  });
});

test("run does a job once, whatever starts it in a daemon", async () => {
  const config = `name: nightly
source: { type: file, path: nightly.csv }
sink: { type: file, path: "nightly-\${slot.date}.jsonl" }
trigger: { type: cron, schedule: "0 2 * * *" }
alerts: { failed: true }
`;
  writeFileSync(path.join(folder, "nightly.csv"), "id\n1\n");
  const ended = await millrace(["run", job("nightly.yaml", config), "--slot", "2026-11-22", "--json", "--quiet"]);
  expect(ended).toMatchObject({ code: 0, err: "" });
  expect(readFileSync(path.join(folder, "nightly-2026-11-22.jsonl"), "utf8")).toBe('{"id":"1"}\n');
});

test("init, check and run of the sample project work without an edit", async () => {
  expect((await millrace(["init", "demo"])).code).toBe(0);
  const checked = await millrace(["check", "demo/job.yaml", "--connect"]);
  expect(checked).toMatchObject({ code: 0, err: "" });
  const ended = await millrace(["run", "demo/job.yaml", "--json", "--quiet"]);
  expect(ended.err).toBe("");
  expect(ended.code).toBe(0);
  expect(JSON.parse(ended.out)).toMatchObject({
    state: "succeeded",
    read: 7,
    written: 4,
    filtered: 1,
    rejected: 2,
    balanced: true,
  });
  const lines = readFileSync(path.join(folder, "demo/out/orders.jsonl"), "utf8").trim().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { product: string; total: string }).total)).toEqual([
    "349.00",
    "49.00",
    "129.00",
    "329.00",
  ]);
  const rejects = readFileSync(path.join(folder, "demo/out/orders.rejects.jsonl"), "utf8").trim().split("\n");
  expect(rejects.map((line) => (JSON.parse(line) as { line: number }).line)).toEqual([4, 7]);
});

describe("a signal", () => {
  /** A run that takes a while, ended by signals once it has told that it began. */
  async function endedBy(...signals: readonly NodeJS.Signals[]): Promise<Ended> {
    const rows = Array.from({ length: 100_000 }, (_, id) => `${id},name ${id}`);
    job("slow.csv", `id,name\n${rows.join("\n")}\n`);
    job("package.json", '{ "type": "module" }');
    job(
      "slow.ts",
      "export default (row: object) => { let n = 0; for (let i = 0; i < 200_000; i++) n += i % 7; return { ...row, n }; };",
    );
    const file = job(
      "slow.yaml",
      "name: slow\nsource: { type: file, path: slow.csv }\ntransform: slow.ts\nchunk: { size: 16KiB }\nworkers: 1\nsink: { type: file, path: slow.jsonl }\n",
    );
    const rest = [...signals];
    return millrace(["run", file, "--json", "--restart"], {}, (child, err) => {
      const next = err.includes("run started") ? rest.shift() : undefined;
      if (next !== undefined) child.kill(next);
    });
  }

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s drains, tells where the run stands and ends with %d", async (signal, code) => {
    const ended = await endedBy(signal);
    expect(ended.code).toBe(code);
    expect(ended.err).toContain(`${signal}: finishing what is in flight; once more stops at once\n`);
    expect(JSON.parse(ended.out)).toMatchObject({ job: "slow", state: "interrupted", balanced: true, error: null });
  });

  test("that comes twice ends the run at once", async () => {
    const ended = await endedBy("SIGTERM", "SIGINT");
    expect(ended).toMatchObject({ code: 143, out: "" });
    expect(ended.err).toMatch(/stopped at once; run it again to go on\n$/);
  });
});

test("a reader that goes away is no fault", async () => {
  const child = spawn("/bin/sh", ["-c", `"${process.execPath}" "${main}" schema | head -c 1`], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (part: string) => (err += part));
  await new Promise((resolve) => child.on("close", resolve));
  expect(err).toBe("");
});
