/** The jobs over a public JSON array and a gzip'd CSV, against figures of other programs; the json beside this file says how. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import datasets from "vega-datasets";
import { describe, expect, it } from "vitest";
import { loadJob } from "../../src/config/load.ts";
import type { RunSummary } from "../../src/core/summary.ts";
import { runJob } from "../../src/pipeline/run-job.ts";
import { Project } from "../support/project.ts";

const root = path.resolve(import.meta.dirname, "../..");
const expected = JSON.parse(readFileSync(path.join(import.meta.dirname, "public-files.expected.json"), "utf8")) as {
  readonly edition: string;
  readonly movies: {
    readonly records: number;
    readonly sums: Readonly<Record<"us_gross" | "worldwide_gross" | "votes", number>>;
    readonly withoutRating: number;
    readonly ofWarner: number;
  };
  readonly weather: {
    readonly records: number;
    readonly sums: Readonly<Record<"precipitation" | "wind", number>>;
    readonly firstDay: string;
    readonly lastDay: string;
    readonly rainyDays: number;
    readonly inNewYork: number;
  };
};

type Row = { readonly [field: string]: string | number };

async function run(job: string, environment: { readonly [name: string]: string }): Promise<RunSummary> {
  return runJob(await loadJob(path.join(root, "config", job), { environment }), { state: "memory:" });
}

function sum(rows: readonly Row[], field: string): number {
  const total = rows.reduce((sofar, row) => sofar + Number(row[field]), 0);
  return Number(total.toFixed(1));
}

describe("the jobs over public files", () => {
  it("are held against figures of the edition that is installed", () => {
    expect(datasets.version).toBe(expected.edition);
  });

  it("config/movies.yaml writes every element of a JSON array", async () => {
    using project = new Project();
    const { records, sums, withoutRating, ofWarner } = expected.movies;
    const summary = await run("movies.yaml", { OUT: project.folder });
    expect(summary).toMatchObject({ state: "succeeded", read: records, written: records, rejected: 0, balanced: true });
    const rows: Row[] = parse(project.read("movies.csv"), { columns: true });
    expect(Object.keys(rows[0] ?? {})).toEqual([
      "title",
      "us_gross",
      "worldwide_gross",
      "distributor",
      "rating",
      "votes",
    ]);
    expect(rows).toHaveLength(records);
    for (const [field, total] of Object.entries(sums)) expect(sum(rows, field)).toBe(total);
    expect(rows.filter(({ rating }) => rating === "")).toHaveLength(withoutRating);
    expect(rows.filter(({ distributor }) => distributor === "Warner Bros.")).toHaveLength(ofWarner);
  });

  it("config/weather.yaml reads gzip and writes gzip", async () => {
    using project = new Project();
    const { records, sums, firstDay, lastDay, rainyDays, inNewYork } = expected.weather;
    const file = project.path("weather.csv.gz");
    writeFileSync(file, gzipSync(readFileSync(path.join(root, "node_modules/vega-datasets/data/weather.csv"))));
    const summary = await run("weather.yaml", { WEATHER: file, OUT: project.folder });
    expect(summary).toMatchObject({ state: "succeeded", read: records, written: records, rejected: 0, balanced: true });
    const lines = gunzipSync(readFileSync(project.path("weather.jsonl.gz")))
      .toString()
      .trimEnd()
      .split("\n");
    const rows = lines.map((line) => JSON.parse(line) as Row);
    expect(Object.keys(rows[0] ?? {})).toEqual([
      ...["location", "date", "precipitation", "warmest", "coldest", "wind", "weather"],
    ]);
    for (const [field, total] of Object.entries(sums)) expect(sum(rows, field)).toBe(total);
    const days = rows.map(({ date }) => String(date)).toSorted();
    expect([days[0], days.at(-1)]).toEqual([firstDay, lastDay]);
    expect(rows.filter(({ weather }) => weather === "rain")).toHaveLength(rainyDays);
    expect(rows.filter(({ location }) => location === "New York")).toHaveLength(inNewYork);
  });
});
