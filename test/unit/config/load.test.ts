import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadJob } from "../../../src/config/load.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import { minimal } from "./support.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "millrace-load-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a file and gives its path. */
const file = (name: string, text: string): string => {
  const where = path.join(folder, name);
  mkdirSync(path.dirname(where), { recursive: true });
  writeFileSync(where, text);
  return where;
};
const faultOf = (name: string) =>
  loadJob(name).then(
    () => expect.unreachable("it loaded"),
    (error: unknown) => (error instanceof MillraceError ? { code: error.code, message: error.message } : { error }),
  );
const json = JSON.stringify({
  name: "orders",
  source: { type: "file", path: "orders.csv" },
  sink: { type: "file", path: "orders.jsonl" },
});

describe("loadJob()", () => {
  test.each([
    ["a.yaml", minimal],
    ["a.yml", minimal],
    ["a.json", json],
    ["a.mjs", `export default ${json};`],
    ["plain.mts", `export default ${json} satisfies object;`],
  ])("reads %s, with paths relative to its folder", async (name, text) => {
    const where = file(`jobs/${name}`, text);
    const job = await loadJob(where);
    expect(job.name).toBe("orders");
    expect(job.baseDir).toBe(path.join(folder, "jobs"));
    expect(job.file).toBe(where);
  });

  test("reads what defineJob made, with paths relative to the module", async () => {
    const door = path.resolve(import.meta.dirname, "../../../src/config/define-job.ts");
    const where = file(
      "defined.mts",
      `import { defineJob } from ${JSON.stringify(door)};\nexport default defineJob(${json});\n`,
    );
    expect((await loadJob(where)).baseDir).toBe(folder);
  });

  test("keeps the folder that a module names itself", async () => {
    const door = path.resolve(import.meta.dirname, "../../../src/config/define-job.ts");
    const where = file(
      "based.mts",
      `import { defineJob } from ${JSON.stringify(door)};\nexport default defineJob(${json}, { baseDir: "/elsewhere" });\n`,
    );
    expect((await loadJob(where)).baseDir).toBe("/elsewhere");
  });

  test("names the module where defineJob finds a mistake", async () => {
    const door = path.resolve(import.meta.dirname, "../../../src/config/define-job.ts");
    const where = file(
      "wrong.mts",
      `import { defineJob } from ${JSON.stringify(door)};\nexport default defineJob({ ...${json}, name: "A" });\n`,
    );
    expect(await faultOf(where)).toEqual({
      code: "CONFIG_INVALID",
      message: `${where}: name: expected lower-case letters, digits and dashes, such as orders-eu, got "A"`,
    });
  });

  test("passes parameters, slot and environment on", async () => {
    const where = file("values.yaml", minimal.replace("orders.csv", '"${DIR}/${param.day}-${slot.date}.csv"'));
    const job = await loadJob(where, { params: { day: "1" }, slot: "2026-11-22", environment: { DIR: "in" } });
    expect(job.source).toMatchObject({ path: "in/1-2026-11-22.csv" });
  });

  test.each([
    ["missing.yaml", undefined, "CONFIG_UNREADABLE", "no such file"],
    ["missing.mjs", undefined, "CONFIG_UNREADABLE", "no such file"],
    [
      "runtime.yaml",
      "jobs: [a.yaml]\n",
      "CONFIG_INVALID",
      "a runtime file, not a job; name one of its jobs, or run all of them with millrace daemon",
    ],
    ["folder.yaml/x", "", "CONFIG_UNREADABLE", "is a folder; name a file in it"],
    ["job.toml", "", "CONFIG_UNREADABLE", "not a job file; allowed: .yaml, .yml, .json, .ts, .mts, .js, .mjs"],
    [
      "none.mjs",
      "export const job = {};",
      "CONFIG_INVALID",
      "no job in the default export; write: export default defineJob({...})",
    ],
    [
      "function.mjs",
      "export default () => null;",
      "CONFIG_INVALID",
      "the default export is a function; a job file exports defineJob({...}), a transform is named by its job",
    ],
    [
      "throws.mjs",
      'throw new TypeError("no luck");',
      "CONFIG_UNREADABLE",
      "the module does not load: TypeError: no luck",
    ],
  ])("says of %s what is wrong", async (name, text, code, message) => {
    if (text !== undefined) file(name, text);
    const where = path.join(folder, name.replace(/\/x$/, ""));
    expect(await faultOf(where)).toEqual({ code, message: `${where}: ${message}` });
  });

  test("says which module is missing when a job imports it", async () => {
    const where = file("imports.mjs", 'import "./nowhere.mjs";\nexport default {};');
    const { message } = (await faultOf(where)) as { message: string };
    expect(message).toContain("the module does not load: ");
    expect(message).toContain("nowhere.mjs");
  });

  test("names the file as the user spelled it", async () => {
    const where = path.relative(process.cwd(), file("spelled.yaml", `${minimal}workers: 0\n`));
    expect(await faultOf(where)).toEqual({
      code: "CONFIG_INVALID",
      message: `${where}:4:10: workers: expected at least 1, got 0`,
    });
  });
});
