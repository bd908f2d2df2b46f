import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadTransform } from "../../../src/task/user-module.ts";
import { TRANSFORMS } from "../../support/run-chunk.ts";

const files: { readonly [name: string]: string } = {
  "good.ts": "type Row = { id: number };\nexport default (row: Row): Row => row;\n",
  "named.ts": "export const other = () => null;\nexport const more = 1;\n",
  "empty.ts": "const unused = 1;\n",
  "enum.ts": "enum Color { Red }\nexport default () => Color.Red;\n",
  "broken.ts": "export default (row => row;\n",
  "throws.ts": 'throw new RangeError("no database");\n',
  "throws-null.ts": "throw null;\n",
  "imports.ts": 'import "./helper-that-is-not.ts";\nexport default () => null;\n',
  "package.ts": 'import "a-package-that-nobody-installed";\nexport default () => null;\n',
  "schema.ts": "export const schema = {};\nexport default () => null;\n",
  "setup.ts": "export const setup = () => null;\n",
  "common.cjs": "module.exports = () => null;\n",
};

interface Loaded {
  readonly code?: string;
  readonly message?: string;
  readonly type?: string;
}

/** Node itself has to load the modules: the test runner takes types out in its own way. */
const PROGRAM = `
import { loadTransform } from ${JSON.stringify(path.resolve(import.meta.dirname, "../../../src/task/user-module.ts"))};
const [folder, ...names] = process.argv.slice(1);
const loaded = {};
for (const name of names) {
  const [file, exported = "default"] = name.split("#");
  loaded[name] = await loadTransform({ module: folder + "/" + file, export: exported }).then(
    (found) => ({ type: typeof found }),
    ({ code, message }) => ({ code, message }),
  );
}
process.stdout.write(JSON.stringify(loaded));
`;

let folder: string;
let loaded: { readonly [name: string]: Loaded };

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "millrace modules-"));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  const names = [...Object.keys(files), "missing.ts", "named.ts#other", "setup.ts#setup"];
  const run = promisify(execFile)(process.execPath, ["--input-type=module", "-e", PROGRAM, "--", folder, ...names]);
  loaded = JSON.parse((await run).stdout) as typeof loaded;
});
afterAll(() => rm(folder, { recursive: true }));

describe("loadTransform()", () => {
  test.each(["good.ts", "named.ts#other", "common.cjs"])("takes a function: %s", (name) => {
    expect(loaded[name]).toEqual({ type: "function" });
  });

  test.each([
    ["missing.ts", /missing\.ts: no such file$/],
    ["imports.ts", /imports\.ts: Cannot find module .*helper-that-is-not\.ts' imported from .*imports\.ts$/],
    ["package.ts", /package\.ts: Cannot find package 'a-package-that-nobody-installed'/],
    ["enum.ts", /enum\.ts: it uses TypeScript that is more than types \(an enum, .*TypeScript enum is not supported/s],
    ["broken.ts", /broken\.ts: it cannot be parsed: /],
    ["throws.ts", /throws\.ts: it threw while loading: throws\.ts:1:7: no database$/],
    ["throws-null.ts", /throws-null\.ts: it threw while loading: null$/],
    [
      "empty.ts",
      /no function is exported as `default`; the module exports nothing\. Write: export default \(record, context\) => record$/,
    ],
    ["named.ts", /no function is exported as `default`; it exports more, other\. Write: /],
  ])("says in plain words why %s cannot be used", (name, message) => {
    expect(loaded[name]).toEqual({ code: "TRANSFORM_UNLOADABLE", message: expect.stringMatching(message) });
    expect(loaded[name]?.message).toContain(folder);
  });

  test("refuses an export that a later release gives a meaning to, unless it is the one that is asked for", () => {
    expect(loaded["schema.ts"]).toEqual({
      code: "NOT_BUILT",
      message: "schema.ts: the export `schema` is not built in this release; remove it",
    });
    expect(loaded["setup.ts#setup"]).toEqual({ type: "function" });
  });

  test("refuses an export that is no function", async () => {
    await expect(loadTransform({ module: TRANSFORMS, export: "notAFunction" })).rejects.toMatchObject({
      code: "TRANSFORM_UNLOADABLE",
      message: expect.stringContaining("no function is exported as `notAFunction`; it exports "),
    });
  });

  test("tells the user's own line behind a link, too", async () => {
    await mkdir(path.join(folder, "real"));
    await writeFile(
      path.join(folder, "real", "fails.ts"),
      "\nexport default () => {\n  throw new RangeError('no');\n};\n",
    );
    await symlink(path.join(folder, "real"), path.join(folder, "linked"));
    const source = (file: string) => JSON.stringify(path.resolve(import.meta.dirname, "../../../src", file));
    const program = `
import { ChunkRunner } from ${source("task/chunk-runner.ts")};
import { formatByName } from ${source("formats/catalog.ts")};
const spec = { job: "j", run: "r", decode: { format: "jsonl", options: {}, columns: {}, maxRecordBytes: 100 }, sinks: [],
  transform: { module: process.argv[1], export: "default" } };
const runner = await ChunkRunner.create(spec, { format: formatByName, busyClock: () => 0 });
const memory = new SharedArrayBuffer(2);
new Uint8Array(memory).set([123, 125]);
const task = { split: "s", memory, begin: 0, end: 2, from: "0", final: true, truncated: false, out: [], index: new SharedArrayBuffer(64), columns: {}, poison: [], only: null };
process.stdout.write(runner.run(task, { at() {} }).rejects[0].message);
`;
    const module = path.join(folder, "linked", "fails.ts");
    const { stdout } = await promisify(execFile)(process.execPath, [
      "--input-type=module",
      "-e",
      program,
      "--",
      module,
    ]);
    expect(stdout).toBe("fails.ts:3:9: no");
  });
});
