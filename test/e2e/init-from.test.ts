/**
 * `init --from` on real public files (vega-datasets): every record loads without a reject, and the types are those that a
 * person who knows the data would declare.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { projectFrom } from "../../src/cli/init/from-file.ts";
import { loadJob } from "../../src/config/load.ts";
import type { RunSummary } from "../../src/core/summary.ts";
import { runJob } from "../../src/pipeline/run-job.ts";

const data = path.resolve(import.meta.dirname, "../../node_modules/vega-datasets/data");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "millrace-init-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes the project as it is, and runs it. */
async function load(file: string, dir: string): Promise<{ readonly columns: object; readonly summary: RunSummary }> {
  const { files, names } = await projectFrom(file, dir, undefined);
  mkdirSync(dir, { recursive: true });
  for (const { name, text } of files) writeFileSync(path.join(dir, name), text);
  const job = await loadJob(path.join(dir, `${names.job}.yaml`));
  return { columns: job.columns, summary: await runJob(job, { state: "memory:" }) };
}

const int = { type: "int" };
const float = { type: "float" };
const date = { type: "date" };

/** The file, its records, and the columns that are no text. */
const PUBLIC: readonly (readonly [file: string, records: number, columns: object])[] = [
  // Codes of airports, among them some that are digits alone.
  ["airports.csv", 3376, { latitude: float, longitude: float }],
  // "None" is a damage, no null; speeds are missing here and there.
  [
    "birdstrikes.csv",
    10_000,
    { "Flight Date": date, "Cost Other": int, "Cost Repair": int, "Cost Total $": int, "Speed IAS in knots": int },
  ],
  ["github.csv", 955, { time: { type: "timestamp", formats: ["yyyy/MM/dd HH:mm:ss"] }, count: int }],
  // Prices keep their digits.
  ["stocks.csv", 560, { date: { type: "date", formats: ["MMM d yyyy"] }, price: { type: "decimal" } }],
  // A zip code begins with zeros.
  ["zipcodes.csv", 42_049, { latitude: float, longitude: float }],
  [
    "seattle-weather-hourly-normals.csv",
    8_759,
    { date: { type: "timestamp" }, pressure: float, temperature: float, wind: float },
  ],
  // A county's code begins with zeros too; an item's is hexadecimal.
  ["species.csv", 12_360, { habitat_yearround_pct: float }],
  ["la-riots.csv", 63, { age: int, death_date: date, longitude: float, latitude: float }],
  // Tabs, and numbers without a zero before the point.
  ["unemployment.tsv", 3_218, { id: int, rate: float }],
  ["sp500-2000.csv", 5_105, { date, open: float, high: float, low: float, close: float, adjclose: float, volume: int }],
  ["gapminder-health-income.csv", 187, { income: int, health: float, population: int }],
  // Arrays of objects; fields that are null, missing, or of several types.
  [
    "cars.json",
    406,
    {
      Miles_per_Gallon: float,
      Cylinders: int,
      Displacement: float,
      Horsepower: int,
      Weight_in_lbs: int,
      Acceleration: float,
      Year: date,
    },
  ],
  ["flights-2k.json", 2_000, { date: { type: "timestamp", formats: ["yyyy/MM/dd HH:mm"] }, delay: int, distance: int }],
];

describe("millrace init --from", () => {
  it.each(PUBLIC)("guesses %s", async (file, records, columns) => {
    const loaded = await load(path.join(data, file), path.join(folder, file));
    expect(loaded.columns).toEqual(columns);
    expect(loaded.summary).toMatchObject({ state: "succeeded", read: records, written: records, rejected: 0 });
  });

  it.each([
    ["birdstrikes.csv.gz", (bytes: Buffer) => gzipSync(bytes)],
    ["birdstrikes.tsv", (bytes: Buffer) => Buffer.from(retabbed(bytes.toString("utf8")), "utf16le")],
  ])("guesses the same data as %s", async (name, change) => {
    const file = path.join(folder, name);
    writeFileSync(file, change(readFileSync(path.join(data, "birdstrikes.csv"))));
    const { columns, summary } = await load(file, path.join(folder, `${name}.job`));
    expect(columns).toEqual(PUBLIC[1]?.[2]);
    expect(summary).toMatchObject({ state: "succeeded", read: 10_000, rejected: 0 });
  });
});

/** With tabs between the fields; none of this file's quoted fields holds a tab or a quote. */
function retabbed(csv: string): string {
  return csv.replaceAll(/"([^"]*)"|,/g, (match, quoted?: string) => (match === "," ? "\t" : `"${quoted ?? ""}"`));
}
