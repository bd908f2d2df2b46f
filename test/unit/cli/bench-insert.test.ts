import { describe, expect, test } from "vitest";
import type { InsertReport, WayFigures } from "../../../src/bench/insert/report.ts";
import type { WayName } from "../../../src/bench/insert/ways.ts";
import { measured } from "../../../src/bench/statistics.ts";
import { insertReportToJson, renderInsertReport } from "../../../src/cli/bench/render-insert.ts";
import { runProgram } from "../../../src/cli/program.ts";
import { painter } from "../../../src/observability/palette.ts";
import { fakeProcess } from "./support.ts";

const figures = (way: WayName, rates: readonly number[], rows = 20_000): WayFigures => ({
  way,
  rowsPerSecond: measured(rates),
  cpuPerRow: 0.1234,
  walBytesPerRow: 77.4,
  rows,
});

const report: InsertReport = {
  job: "orders",
  sink: "sink",
  table: "sales.orders",
  columns: ["id", "name"],
  records: 20_010,
  rejected: 3,
  isFull: false,
  rows: 20_000,
  refusedRows: 7,
  bytes: 1_300_000,
  indexes: true,
  rounds: 3,
  ways: [
    figures("COPY binary", [400_000, 380_000, 410_000]),
    figures("COPY text", [300_000, 300_000, 300_000]),
    figures("single INSERT", [4_000, 4_100, 3_900], 900),
  ],
  refused: [{ way: "unnest", why: "it may not (42501)" }],
  recommended: { way: "COPY binary", level: [], set: { copy: "binary" }, isCurrent: false },
};

const shown = (change: Partial<InsertReport> = {}): string =>
  renderInsertReport({ ...report, ...change }, { width: 120, paint: painter(false) });

describe("renderInsertReport()", () => {
  test("shows the ways by their speed, what was left out, and what to set", () => {
    expect(shown()).toBe(`\
orders: 20,000 rows of 2 columns (1.3 MB as COPY text) into a table like sales.orders with its indexes and constraints, median of 3 rounds

way           |  rows/s |     x | us/row | CPU us/row | WAL B/row | spread % |   rows
COPY binary   | 400,000 | 1.000 |   2.50 |       0.12 |        77 |        8 | 20,000
COPY text     | 300,000 | 0.750 |   3.33 |       0.12 |        77 |        0 | 20,000
single INSERT |   4,000 | 0.010 | 250.00 |       0.12 |        77 |        5 |    900

unnest: not for this table: it may not (42501)
Where fewer rows are shown, the time limit came before the others; into a table so small they may go faster.
Of 20,010 records 3 were rejected.
7 rows are left out: the table refuses them, or a later one has the same key.

recommended: COPY binary, 1.33 x COPY text, 100 x single INSERT; set copy: binary`);
  });

  test.each([
    [
      { way: "COPY binary", level: ["COPY text"], set: {}, isCurrent: true },
      "COPY binary, level with COPY text, 100 x single INSERT; the job takes it already",
    ],
    [
      { way: "COPY text", level: [], set: { mode: "append", copy: "text" }, isCurrent: false },
      "set mode: append and copy: text",
    ],
  ] as const)("says in one sentence why: %j", (recommended, sentence) => {
    expect(shown({ recommended }).split("\n").at(-1)).toContain(sentence);
  });

  test("shows no more than the reasons where every way is refused", () => {
    const text = shown({ ways: [], recommended: null, rejected: 0, refusedRows: 0 });
    expect(text.split("\n").slice(1)).toEqual(["", "unnest: not for this table: it may not (42501)"]);
  });
});

describe("insertReportToJson()", () => {
  test("has rates in rows a second and times in microseconds", () => {
    expect(insertReportToJson(report)).toMatchObject({
      rows: 20_000,
      ways: [
        {
          way: "COPY binary",
          rowsPerSecond: 400_000,
          least: 380_000,
          most: 410_000,
          microsecondsPerRow: 2.5,
          cpuMicrosecondsPerRow: 0.1234,
          walBytesPerRow: 77,
          rows: 20_000,
        },
        { way: "COPY text" },
        { way: "single INSERT" },
      ],
    });
  });
});

describe("millrace bench", () => {
  test.each([
    [["chunk", "job.yaml"], "error: millrace bench chunk: not built in this release; built now: bench insert\n"],
    [["insert", "job.yaml", "--records", "0"], "error: --records takes a number of source records from 1 on"],
    [["insert", "job.yaml", "--iterations", "many"], 'got "many"'],
    [["insert", "job.yaml", "--time-limit", "soon"], "error: --time-limit takes a duration such as 500ms or 10s"],
    [["insert", "job.yaml", "--time-limit", "0s"], "error: --time-limit takes a duration such as 500ms or 10s"],
  ])("refuses %j with 2", async (args, text) => {
    const process = fakeProcess();
    expect(await runProgram(["bench", ...args], process)).toBe(2);
    expect(process.err()).toContain(text);
  });
});
