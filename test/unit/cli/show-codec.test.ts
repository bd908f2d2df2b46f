import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { showCodec } from "../../../src/cli/check/codec.ts";
import { loadJob } from "../../../src/config/load.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "millrace-codec-"));
  const rows = Array.from({ length: 30 }, (_, i) => `${i},2024-05-01T10:00:00Z,word\n`).join("");
  writeFileSync(path.join(folder, "in.csv"), `id,at,"\u009b]2;note"\n${rows}`);
  writeFileSync(path.join(folder, "empty.csv"), "id,at\n");
  writeFileSync(path.join(folder, "double.ts"), "export default (r) => ({ ...r, twice: r.id * 2 });");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function codecOf(lines: string) {
  const file = path.join(folder, "job.yaml");
  writeFileSync(file, `name: job\ncolumns: { id: int, at: timestamp }\n${lines}\n`);
  return showCodec(await loadJob(file, {}));
}

const FROM = "source: { type: file, path: in.csv }";

describe("check --show-codec", () => {
  test("prints the reader and a writer for each sink, with the names of the fields apart from the code", async () => {
    const sinks = "sinks: { a: { type: file, path: a.jsonl }, b: { type: file, path: b.csv } }";
    const parts = await codecOf(`${FROM}\ntransform: ./double.ts\n${sinks}`);
    expect(parts.map(({ what, how }) => `${what}: ${how}`)).toEqual([
      "records: generated",
      "rows of a: generated",
      "rows of b: generated",
    ]);
    const [reader = "", ...others] = parts.flatMap(({ code }) => code);
    expect(reader).toContain('// name0: "id"\n// name1: "at"\n// name2: "\\u009b]2;note"\nreturn function readRecord(');
    expect(others.join("\n")).toContain("return function writeJsonRow(");
    expect(others.join("\n")).toContain("return function writeCsvRow(");
  });

  test("says why a job goes the plain way", async () => {
    const wide = "sink: { type: file, path: a.csv, csv: { nulls: [NA] } }";
    expect((await codecOf(`${FROM}\n${wide}`))[1]?.how).toMatch(/^plain: this format has no other way/);
  });

  test("says so when there is no record to look at", async () => {
    const parts = await codecOf("source: { type: file, path: empty.csv }\nsink: { type: file, path: a.jsonl }");
    expect(parts).toEqual([
      { what: "records", how: expect.stringContaining("not known before there are any"), code: [] },
    ]);
  });
});
