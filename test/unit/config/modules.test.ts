import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { defineJob } from "../../../src/config/define-job.ts";
import { loadJob } from "../../../src/config/load.ts";
import { defineSink, defineSource } from "../../../src/core/ports/connector.ts";
import { isMillraceError } from "../../../src/core/errors.ts";
import { describe as describeJob } from "../../../src/pipeline/describe.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "millrace-modules-"));
afterAll(() => rmSync(folder, { recursive: true }));

const spi = pathToFileURL(path.resolve(import.meta.dirname, "../../../src/core/ports/connector.ts")).href;
const zod = import.meta.resolve("zod");
writeFileSync(
  path.join(folder, "tcp.ts"),
  `import { defineSink, defineSource } from "${spi}";
import { z } from "${zod}";
const options = z.strictObject({ port: z.int().max(65535), tags: z.array(z.string()).default(["none"]) });
export const source = defineSource({ name: "tcp", format: "jsonl", options, resolve: async () => { throw new Error("not here"); } });
export const sink = defineSink({ name: "tcp", effect: "at-least-once", options, resolve: async () => { throw new Error("not here"); } });
`,
);
writeFileSync(path.join(folder, "empty.ts"), "export const other = 1;\n");
writeFileSync(path.join(folder, "broken.ts"), 'throw new TypeError("no luck");\n');

/** The lines of what is wrong with a job file, without the folder. */
async function told(yaml: string): Promise<string[]> {
  const file = path.join(folder, "job.yaml");
  writeFileSync(file, yaml);
  try {
    await loadJob(file);
    return [];
  } catch (thrown) {
    if (!isMillraceError(thrown)) throw thrown;
    return thrown.message.replaceAll(`${folder}${path.sep}`, "").replaceAll(folder, "FOLDER").split("\n");
  }
}

const jobOf = (source: string, sink = "{ type: file, path: out.jsonl }"): string =>
  `name: orders\nsource: ${source}\nsink: ${sink}\n`;

describe("a job file with connectors of one's own", () => {
  test("holds them, with the options that their schemas made", async () => {
    const file = path.join(folder, "job.yaml");
    const both = "{ type: module, module: ./tcp.ts, options: { port: 9000 } }";
    writeFileSync(file, jobOf(both, both));
    const job = await loadJob(file);
    expect(job.source).toMatchObject({
      type: "module",
      module: { name: "tcp" },
      options: { port: 9000, tags: ["none"] },
    });
    expect(job.sinks["sink"]).toMatchObject({
      type: "module",
      module: { name: "tcp", side: "sink" },
      options: { port: 9000 },
    });
    expect(describeJob(job).decode.format).toBe("jsonl");
  });

  test.each([
    ["{ type: module, module: ./nowhere.ts }", "job.yaml:2:33: source.module: no file ./nowhere.ts in FOLDER"],
    [
      "{ type: module, module: ./empty.ts }",
      "job.yaml:2:33: source.module: ./empty.ts exports no connector as source; write: export const source = defineSource({...})",
    ],
    ["{ type: module, module: ./broken.ts }", "job.yaml:2:33: source.module: ./broken.ts does not load: no luck"],
    [
      "{ type: module, module: ./tcp.ts, options: { port: 99999 } }",
      "job.yaml:2:60: source.options.port: Too big: expected number to be <=65535",
    ],
    [
      "{ type: module, module: ./tcp.ts, option: { port: 9 } }",
      "job.yaml:2:43: source.option: unknown key; allowed here: module, options, format, maxRecordBytes, incremental, csv, text, type (nearest: options)",
    ],
    [
      "{ type: module, module: ./tcp.ts, options: { port: 9 }, incremental: true }",
      "job.yaml:2:78: source.incremental: tcp cannot tell what is new since the last run; leave it out",
    ],
  ])("is told where it is wrong: %s", async (source, expected) => {
    const lines = await told(jobOf(source));
    const sorted = (line: string): string =>
      line.replace(/(?<=allowed here: )[^(]+/, (keys) => keys.trim().split(", ").toSorted().join(", "));
    expect(lines.map(sorted)).toEqual([sorted(expected)]);
  });

  test("fills variables into their options, numbers too", async () => {
    const file = path.join(folder, "job.yaml");
    writeFileSync(file, jobOf('{ type: module, module: ./tcp.ts, options: { port: "${PORT}" } }'));
    expect((await loadJob(file, { environment: { PORT: "81" } })).source).toMatchObject({ options: { port: 81 } });
    const wrong = loadJob(file, { environment: { PORT: "secret" } });
    await expect(wrong).rejects.toThrow(/source\.options\.port: Invalid input: expected number/);
    await expect(wrong).rejects.not.toThrow(/secret/);
  });
});

describe("a program with connectors of its own", () => {
  const source = defineSource({
    name: "ticks",
    options: z.strictObject({ every: z.number() }),
    resolve: () => Promise.reject(new RangeError("not here")),
  });
  const sink = defineSink({
    name: "void",
    effect: "at-least-once",
    options: z.strictObject({}),
    resolve: () => Promise.reject(new RangeError("not here")),
  });

  test("calls them with typed options, and adds the runtime's keys", () => {
    const job = defineJob({
      name: "ticks",
      source: { ...source({ every: 5 }), format: "csv", csv: { delimiter: ";" } },
      sink: sink({}),
    });
    expect(describeJob(job).decode).toMatchObject({ format: "csv", options: { delimiter: ";" } });
    // @ts-expect-error a number is wanted
    const wrong = source({ every: "5" });
    const making = () => defineJob({ name: "ticks", source: { ...wrong, format: "text" }, sink: sink({}) });
    expect(making).toThrow("defineJob: source.options.every: Invalid input: expected number, received string");
  });

  test("is told that a format is missing, and that a path is no connector", () => {
    expect(() => defineJob({ name: "ticks", source: source({ every: 5 }), sink: sink({}) })).toThrow(
      "defineJob: source.format: missing; ticks brings no format of its own, so say csv, jsonl, json or text",
    );
    const given = { type: "module", module: "./tcp.ts", options: {} } as const;
    expect(() => defineJob({ name: "ticks", source: given, sink: sink({}) })).toThrow(
      "defineJob: source.module: a program imports the connector and calls it: source: connector({...}); a path stands in a job file",
    );
  });
});
