import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ColumnGuess } from "../../../src/cli/init/column-guess.ts";
import { inferSource, type InferredSource } from "../../../src/cli/init/infer.ts";

/** The type of a column with these values, with its notation. */
function typeOf(values: readonly string[], name = "field"): string {
  const guess = new ColumnGuess(name);
  for (const value of values) guess.add(value);
  const { column } = guess.result();
  return [column.type, ...(column.formats ?? [])].join(" ");
}

describe("ColumnGuess", () => {
  it.each<[values: string[], type: string, name?: string]>([
    [["1", "-2", "", "30"], "int"],
    [["1", "9007199254740993"], "bigint"],
    [["1.5", "2", ".25", "1e-7"], "float"],
    [["12.5", "9.99"], "decimal", "unit_price"],
    [["0.1234567890123456789"], "decimal"],
    [["007", "12"], "string"],
    [["+49301234", "+49309876"], "string"],
    [["10115", "80331"], "string", "Zip Code"],
    [["10115", "80331"], "int", "dip"],
    [["1,234", "5"], "string"],
    [["true", "FALSE"], "boolean"],
    [["true"], "boolean"],
    [["Y", "N", "Y"], "boolean"],
    [["no", "no"], "string"],
    [["0", "1"], "int"],
    [["2026-02-28", ""], "date"],
    [["2026-02-30"], "string"],
    [["2026-02-28T10:00:00Z", "2026-02-28 11:30:00"], "timestamp"],
    [["01/02/2026", "13/02/2026"], "date dd/MM/yyyy"],
    [["01/02/2026", "02/13/2026"], "date MM/dd/yyyy"],
    [["1.2.2026", "13.2.2026"], "date d.M.yyyy"],
    [["5 May 2026", "12 Jun 2026"], "date d MMM yyyy"],
    [["11/22/2026 9:05 PM"], "timestamp MM/dd/yyyy h:mm a"],
    [["22.11.2026, 21:05"], "timestamp dd.MM.yyyy, HH:mm"],
    [["20261122", "20260101"], "date yyyyMMdd", "order_date"],
    [["20261122", "20260101"], "int", "batch"],
    [["6f1c2a4e-0b6d-4d0e-9a55-3f8f6d3c1b7a"], "uuid"],
    [['{"a":1}', "[2]"], "json"],
    [["{not json}"], "string"],
    [["", ""], "string"],
    [["NA", "5"], "int"],
    [["NA", "north"], "string"],
  ])("takes %j for %s", (values, type, name) => {
    expect(typeOf(values, name)).toBe(type);
  });

  it("tells marks of null only where they stand between typed values", () => {
    const typed = new ColumnGuess("a");
    const text = new ColumnGuess("b");
    for (const value of ["N/A", "7"]) typed.add(value);
    for (const value of ["None", "Minor"]) text.add(value);
    expect(typed.result()).toMatchObject({ marks: ["N/A"], hasNulls: true });
    expect(text.result()).toMatchObject({ marks: [], hasNulls: false });
  });

  it("says where days and months could be the other way round", () => {
    const guess = new ColumnGuess("when");
    guess.add("03/04/2026");
    expect(guess.result().note).toBe("read as MM/dd/yyyy; it could be dd/MM/yyyy just as well");
  });
});

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "millrace-infer-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function infer(name: string, content: string | Buffer): Promise<InferredSource> {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return inferSource(file);
}

/** `name:type` of each field. */
const fieldsOf = ({ fields }: InferredSource): string =>
  fields.map(({ name, column }) => `${name}:${column?.type ?? "several"}`).join(" ");

const ROWS = Array.from({ length: 50 }, (_, row) => [
  `${row}`,
  `Müller ${row}`,
  `${row}.5`,
  row % 2 === 0 ? "NA" : `${row}`,
]);
const table = (delimiter: string, end = "\n"): string =>
  [["id", "name", "weight", "age"], ...ROWS].map((row) => row.join(delimiter)).join(end) + end;
const EXPECTED = "id:int name:string weight:float age:int";

describe("inferSource()", () => {
  it.each<[name: string, content: string | Buffer, found: Partial<InferredSource>]>([
    [
      "plain.csv",
      table(","),
      { dialect: {}, encoding: "utf-8", nulls: ["NA"], records: 50, whole: true, namesFormat: false },
    ],
    ["bom-crlf.csv", `\uFEFF${table(";", "\r\n")}`, { dialect: { delimiter: ";" } }],
    ["tabs.tsv", table("\t"), { dialect: { delimiter: "\t" }, namesFormat: true }],
    ["bars.txt", table("|"), { dialect: { delimiter: "|" }, namesFormat: true }],
    ["latin.csv", Buffer.from(table(","), "latin1"), { encoding: "latin1" }],
    ["utf16.csv", Buffer.from(`\uFEFF${table(",")}`, "utf16le"), { encoding: "utf-16le" }],
    ["utf16-without-mark.csv", Buffer.from(table(","), "utf16le"), { encoding: "utf-16le" }],
    ["packed.csv.gz", gzipSync(table(",")), { compression: "gzip" }],
    ["packed.csv.zst", zstdCompressSync(table(",")), { compression: "zstd" }],
    ["blanks.csv", table(", "), { dialect: { trim: "both" } }],
    ["comment.csv", `# made by hand\n${table(",")}`, { dialect: { comment: "#" } }],
  ])("finds out how %s is written", async (name, content, found) => {
    const source = await infer(name, content);
    expect(source).toMatchObject({ format: "csv", ...found });
    expect(fieldsOf(source)).toBe(EXPECTED);
  });

  it("knows a file without a header, and calls its fields as the source will", async () => {
    const source = await infer("bare.csv", table(",").slice(table(",").indexOf("\n") + 1));
    expect(source.dialect).toEqual({ header: false });
    expect(fieldsOf(source)).toBe("column1:int column2:string column3:float column4:int");
    const texts = await infer("texts.csv", "north,red\nsouth,red\nnorth,blue\n");
    expect(texts.dialect).toEqual({ header: false });
  });

  it("knows a header over texts alone, and over nothing", async () => {
    expect((await infer("header.csv", "region,colour\nsouth,red\nnorth,blue\n")).dialect).toEqual({});
    expect(await infer("only-header.csv", "region,colour\n")).toMatchObject({ dialect: {}, records: 0 });
  });

  it("takes quotes for text where they are, and pads where lines often end early", async () => {
    const inches = Array.from({ length: 40 }, (_, row) => `${row},pipe 3" long,${row}\n`).join("");
    expect((await infer("inches.csv", `id,what,count\n${inches}`)).dialect).toEqual({ quotes: "literal" });
    const short = Array.from({ length: 40 }, (_, row) => (row % 2 === 0 ? `${row},a\n` : `${row},a,b\n`)).join("");
    expect((await infer("short.csv", `id,first,second\n${short}`)).dialect).toEqual({ ragged: "pad" });
  });

  it("looks deeper than the head of a large file", async () => {
    const line = (id: number, code: string): string => `${id},"some text, with a comma",${code}\n`;
    const head = Array.from({ length: 300_000 }, (_, id) => line(id, "1")).join("");
    const tail = Array.from({ length: 60_000 }, (_, id) => line(id, "x")).join("");
    const source = await infer("large.csv", `id,note,code\n${head}${tail}`);
    expect(source.whole).toBe(false);
    expect(fieldsOf(source)).toBe("id:int note:string code:string");
  });

  it("reads JSON lines and arrays by their values", async () => {
    const records = [
      { id: 1, at: "2026-11-22T10:00:00Z", size: 1, tags: [1], ok: true, mixed: "a", zip: "10115" },
      { id: 2, at: "2026-11-23T10:00:00Z", size: 2.5, tags: [], ok: null, mixed: 2, extra: 1 },
    ];
    const fields = "id:int at:timestamp size:float tags:json ok:boolean mixed:several zip:string extra:int";
    const lines = await infer("lines.jsonl", `${records.map((record) => JSON.stringify(record)).join("\n")}\n`);
    expect([lines.format, fieldsOf(lines)]).toEqual(["jsonl", fields]);
    expect(lines.fields.filter(({ hasNulls }) => hasNulls).map(({ name }) => name)).toEqual(["ok", "zip", "extra"]);
    const array = await infer("array.json", JSON.stringify(records, null, 2));
    expect([array.format, fieldsOf(array)]).toEqual(["json", fields]);
  });

  it.each([
    ["empty.csv", "\n \n", "it is empty; there is nothing to learn from it"],
    ["picture.csv", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 0, 0, 0, 13]), "it does not look like text"],
    ["twice.csv", "id,id\n1,2\n", 'the header line names "id" twice'],
    ["geo.json", '{"type":"FeatureCollection",\n"features":[{"a":1}]}', "it is one JSON value and no records"],
    ["numbers.json", "[1, 2, 3]", "it is one JSON value and no records"],
    ["nothing.jsonl", "{}\n{}\n", "its records are no JSON objects with fields"],
  ])("says why %s is of no use", async (name, content, message) => {
    await expect(infer(name, content)).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining(message),
    });
  });

  it("says why a file cannot be read", async () => {
    await expect(inferSource(path.join(folder, "none.csv"))).rejects.toThrow("none.csv: there is no such file");
    await expect(inferSource(folder)).rejects.toThrow("this is no file; name one file of records");
  });
});
