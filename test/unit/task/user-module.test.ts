import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadUserModule } from "../../../src/task/user-module.ts";
import { TRANSFORMS } from "../../support/run-chunk.ts";

const files: { readonly [name: string]: string } = {
  "good.ts": "type Row = { id: number };\nexport default (row: Row): Row => row;\n",
  "named.ts": "export const other = () => null;\nexport const more = 1;\n",
  "empty.ts": "const unused = 1;\n",
  "enum.ts": "export const a = 1;\n  enum Color { Red }\nexport default () => Color.Red;\n",
  "property.ts": "class A { constructor(private a: number) {} }\nexport default () => new A(1);\n",
  "namespace.ts": "namespace A { export const a = 1; }\nexport default () => A.a;\n",
  "helped.ts": 'import { Color } from "./lib/color.ts";\nexport default () => Color.Red;\n',
  "lib/color.ts": "\nexport enum Color { Red }\n",
  "broken.ts": "export default (row => row;\n",
  "throws.ts": 'throw new RangeError("no database");\n',
  "throws-null.ts": "throw null;\n",
  "imports.ts": 'import "./helper-that-is-not.ts";\nexport default () => null;\n',
  "package.ts": 'import "a-package-that-nobody-installed";\nexport default () => null;\n',
  "unnamed.ts": 'import nothing from "./named.ts";\nexport default nothing;\n',
  "schema.ts": "export const schema = {};\nexport default () => null;\n",
  "validate.ts": "export const validate = true;\nexport default () => null;\n",
  "setup.ts": "export const setup = () => null;\n",
  "chunk.ts": "export const transformChunk = () => [];\n",
  "columns.ts": "export const transformColumns = () => ({ columns: {} });\n",
  "both.ts": "export const transformChunk = () => [];\nexport default () => null;\n",
  "common.cjs": "module.exports = () => null;\n",
};

interface Loaded {
  readonly code?: string;
  readonly message?: string;
  readonly mode?: string;
  readonly type?: string;
}

/** Node itself has to load the modules: the test runner takes types out in its own way. */
const PROGRAM = `
import { loadUserModule } from ${JSON.stringify(path.resolve(import.meta.dirname, "../../../src/task/user-module.ts"))};
const [folder, ...names] = process.argv.slice(1);
const loaded = {};
for (const name of names) {
  const [file, exported, mode] = name.split("#");
  const spec = { module: folder + "/" + file, export: exported || null, mode: mode ?? null };
  loaded[name] = await loadUserModule(spec).then(
    (found) => ({ mode: found.mode, type: typeof found.transform }),
    ({ code, message }) => ({ code, message }),
  );
}
process.stdout.write(JSON.stringify(loaded));
`;

/** Modules, with the export and the mode that a job names, and the mode that they are called in. */
const MODES = [
  ["good.ts", "record"],
  ["good.ts##async", "async"],
  ["named.ts#other", "record"],
  ["named.ts#other#chunk", "chunk"],
  ["common.cjs", "record"],
  ["chunk.ts", "chunk"],
  ["chunk.ts##chunk", "chunk"],
  ["columns.ts", "columns"],
  ["both.ts##record", "record"],
  ["both.ts##chunk", "chunk"],
] as const;

let folder: string;
let loaded: { readonly [name: string]: Loaded };

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "millrace modules-"));
  await mkdir(path.join(folder, "lib"));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  const names = [
    ...Object.keys(files),
    "missing.ts",
    "named.ts#other",
    "good.ts##chunk",
    ...MODES.map(([name]) => name),
  ];
  const run = promisify(execFile)(process.execPath, ["--input-type=module", "-e", PROGRAM, "--", folder, ...names]);
  loaded = JSON.parse((await run).stdout) as typeof loaded;
});
afterAll(() => rm(folder, { recursive: true }));

describe("loadUserModule()", () => {
  test.each(MODES)("takes the function of the mode: %s", (name, mode) => {
    expect(loaded[name]).toEqual({ mode, type: "function" });
  });

  test.each([
    ["missing.ts", /missing\.ts: no such file$/],
    ["imports.ts", /imports\.ts: Cannot find module .*helper-that-is-not\.ts' imported from .*imports\.ts$/],
    ["package.ts", /package\.ts: Cannot find package 'a-package-that-nobody-installed'/],
    [
      "enum.ts",
      /enum\.ts: it uses TypeScript that is more than types \(an enum, .*\)\. Node runs .* instead\. enum\.ts:2:3: TypeScript enum is not supported in strip-only mode$/,
    ],
    ["property.ts", /instead\. property\.ts:1:\d+: TypeScript parameter property is not supported/],
    ["namespace.ts", /instead\. namespace\.ts:1:1: TypeScript namespace declaration is not supported/],
    ["helped.ts", /instead\. lib\/color\.ts:2:8: TypeScript enum is not supported/],
    ["broken.ts", /broken\.ts: it cannot be parsed: broken\.ts:1:\d+: /],
    ["unnamed.ts", /unnamed\.ts: it cannot be parsed: unnamed\.ts:1:8: The requested module '\.\/named\.ts' does not/],
    ["throws.ts", /throws\.ts: it threw while loading: throws\.ts:1:7: no database$/],
    ["throws-null.ts", /throws-null\.ts: it threw while loading: null$/],
    [
      "empty.ts",
      /no function is exported as `default`; the module exports nothing\. Write: export default \(record, context\) => record$/,
    ],
    ["named.ts", /no function is exported as `default`; it exports more, other\. Write: /],
    ["setup.ts", /no function is exported as `default`; it exports setup\. Write: /],
    [
      "good.ts##chunk",
      /no function is exported as `transformChunk`, which mode chunk calls; it exports default\. Write: export const transformChunk = /,
    ],
    ["both.ts", /both\.ts: it exports `default` and `transformChunk`: set transform\.mode to record or chunk$/],
    ["schema.ts", /schema\.ts: the export `schema` is no Standard Schema, as zod, valibot and arktype make them$/],
    ["validate.ts", /validate\.ts: the export `validate` is no function\. Write: export const validate = /],
  ])("says in plain words why %s cannot be used", (name, message) => {
    expect(loaded[name]).toEqual({ code: "TRANSFORM_UNLOADABLE", message: expect.stringMatching(message) });
  });

  const spec = { export: null, mode: null, concurrency: 1, timeoutMs: 1000 };

  test("refuses an export that is no function", async () => {
    await expect(loadUserModule({ ...spec, module: TRANSFORMS, export: "notAFunction" })).rejects.toMatchObject({
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
import { systemClock } from ${source("core/clock.ts")};
import { TaskThread } from ${source("task/task-thread.ts")};
import { formatByName } from ${source("formats/catalog.ts")};
const spec = { job: "j", run: "r", decode: { format: "jsonl", options: {}, columns: {}, maxRecordBytes: 100 }, sinks: [],
  transform: { module: process.argv[1], export: null, mode: null } };
const thread = await TaskThread.create(spec, { format: formatByName, busyClock: () => 0, clock: systemClock });
const memory = new SharedArrayBuffer(2);
new Uint8Array(memory).set([123, 125]);
const task = { split: "s", memory, begin: 0, end: 2, from: "0", final: true, truncated: false, out: [], index: new SharedArrayBuffer(64), columns: {}, poison: [], only: null };
process.stdout.write((await thread.run(task, { at() {} })).rejects[0].message);
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
