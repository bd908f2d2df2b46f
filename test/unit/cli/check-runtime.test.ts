import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { fakeProcess } from "./support.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "millrace-check-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string): string => {
  writeFileSync(path.join(folder, name), text);
  return path.join(folder, name);
};
const job = (name: string, more = ""): string =>
  write(
    `${name}.yaml`,
    `name: ${name}\nsource: { type: file, path: in.csv }\nsink: { type: file, path: out.jsonl }\n${more}`,
  );
async function check(args: readonly string[], env: { [name: string]: string } = {}) {
  const process = fakeProcess({ env });
  const code = await runProgram(["check", ...args], process);
  const plain = (text: string): string => text.replaceAll(`${folder}/`, "");
  return { code, out: plain(process.out()), err: plain(process.err()) };
}

describe("millrace check of a runtime file", () => {
  test("tells where it keeps its state and listens, and checks each of its jobs once", async () => {
    const runtime = write(
      "millrace.yaml",
      'jobs: ["*.yaml"]\nstate: { type: postgres, url: "postgres://u:hunter2@db/ops" }\nadmin: { host: "::1", token: hunter2 }\n',
    );
    const first = job("a", 'trigger: { type: cron, schedule: "0 2 * * *" }\n');
    job("b", "trigger: { type: after, job: a }\n");
    const { code, out, err } = await check([first, runtime, first]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(
      /^millrace\.yaml {3}2 jobs, state postgres db\/ops, http \[::1\]:9464 \(token\)\na {3}file in\.csv/,
    );
    expect(out).toMatch(/^ {2}trigger {3}cron "0 2 \* \* \*" UTC, next \d{4}-\d\d-\d\dT02:00:00(?:Z|\+00:00)$/m);
    expect(out).toMatch(/^ {2}trigger {3}after each success of a$/m);
    expect(out).toMatch(/2 jobs, 0 errors, 0 warnings\n$/);
    expect(out).not.toContain("hunter2");
  });

  test("tells what is wrong with it and with each of its jobs", async () => {
    const runtime = write("millrace.json", JSON.stringify({ jobs: ["*.yaml"], state: { type: "memory" } }));
    job("a", "workers: [1]\n");
    job("b", "trigger: { type: after, job: z }\n");
    write("c.yaml", "name: C\n");
    const { code, out, err } = await check([runtime]);
    expect(code).toBe(2);
    expect(err.split("\n").map((line) => line.split(": ", 2).join(": "))).toEqual([
      "a.yaml:4:10: workers",
      "c.yaml:1:1: sink",
      "c.yaml:1:1: source",
      "c.yaml:1:7: name",
      "",
    ]);
    expect(out).toMatch(/3 jobs, 2 errors, 0 warnings\n$/);
    rmSync(path.join(folder, "a.yaml"));
    rmSync(path.join(folder, "c.yaml"));
    expect((await check([runtime])).err).toBe(
      'b.yaml:4:30: trigger.job: no job of this name runs here: "z"; did you mean b?\n',
    );
    const wrong = write("wrong.yaml", "jobs: []\nadmn: {}\n");
    expect(await check([wrong, "--json"])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^wrong\.yaml:1:7: jobs: .*\nwrong\.yaml:2:1: admn: unknown key/),
      out: expect.stringMatching(
        /^\{"runtimes":\[\{"file":"wrong\.yaml","error":.*"jobs":\[\],"errors":1,"warnings":0\}\n$/,
      ),
    });
  });

  test("takes the one that comes with the examples", async () => {
    const config = path.resolve(import.meta.dirname, "../../../config/millrace.yaml");
    const { code, out, err } = await check([config, "--connect"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^ {2}trigger {3}cron "0 2 \* \* \*" Europe\/Berlin, next .*T02:00:00\+0[12]:00$/m);
    expect(out).toMatch(/2 jobs, 0 errors, \d warnings?\n$/);
  });
});
