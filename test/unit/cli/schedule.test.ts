import { describe, expect, test } from "vitest";
import { parseInstant } from "../../../src/cli/instant.ts";
import { runProgram } from "../../../src/cli/program.ts";
import { fakeProcess } from "./support.ts";

async function schedule(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const process = fakeProcess();
  const code = await runProgram(["schedule", ...args], process);
  return { code, out: process.out(), err: process.err() };
}

const berlin = ["--timezone", "Europe/Berlin"];

describe("millrace schedule", () => {
  test("prints a line a fire, and says where the clocks left its time out", async () => {
    const { code, out } = await schedule("30 2 * * *", ...berlin, "--from", "2026-03-27T12:00", "--count", "3");
    expect(code).toBe(0);
    expect(out).toBe(`time in Europe/Berlin | day | offset | UTC                  | the clocks
2026-03-28 02:30:00   | Sat | +01:00 | 2026-03-28 01:30:00Z |
2026-03-29 03:00:00   | Sun | +02:00 | 2026-03-29 01:00:00Z | go forward: 02:00 to 03:00 is left out, so it fires at its end
2026-03-30 02:30:00   | Mon | +02:00 | 2026-03-30 00:30:00Z |
`);
  });

  test("says which time it is where a local time comes twice", async () => {
    const { out } = await schedule("@hourly", ...berlin, "--from", "2026-10-25T01:59+02:00", "--count", "2");
    expect(out.split("\n").slice(1, 3)).toEqual([
      "2026-10-25 02:00:00   | Sun | +02:00 | 2026-10-25 00:00:00Z | go back: 02:00 for the first time",
      "2026-10-25 02:00:00   | Sun | +01:00 | 2026-10-25 01:00:00Z | go back: 02:00 for the second time",
    ]);
  });

  test("names both dates of a day that is left out, and half-hour offsets", async () => {
    const apia = await schedule(
      "0 12 * * *",
      "--timezone",
      "Pacific/Apia",
      "--from",
      "2011-12-30T00:00Z",
      "--count",
      "1",
    );
    expect(apia.out).toContain("go forward: 2011-12-30 00:00 to 2011-12-31 00:00 is left out");
    const newfoundland = await schedule(
      "@daily",
      "--timezone",
      "America/St_Johns",
      "--from",
      "2026-01-01",
      "--count",
      "1",
    );
    expect(newfoundland.out).toContain("2026-01-02 00:00:00      | Fri | -03:30 | 2026-01-02 03:30:00Z");
  });

  test("prints an array of instants with --json, those after --from", async () => {
    const { code, out } = await schedule("0 0 * * *", "--from", "2026-01-01T00:00:00Z", "--count", "2", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(["2026-01-02T00:00:00.000Z", "2026-01-03T00:00:00.000Z"]);
  });

  test("starts now and prints ten when nothing else is said", async () => {
    const fires = JSON.parse((await schedule("* * * * *", "--json")).out) as string[];
    expect(fires).toHaveLength(10);
    expect(Date.parse(fires[0] ?? "")).toBeGreaterThan(Date.now() - 60_000);
  });

  test("points at the mistake and exits 2", async () => {
    const { code, out, err } = await schedule("0 25 * * *");
    expect([code, out]).toEqual([2, ""]);
    expect(err).toBe(`error: "0 25 * * *": column 3: hour 25: allowed are 0-23
  0 25 * * *
    ^
`);
    expect((await schedule("0 25 * * *", "--json")).err).toBe(err.split("\n", 1)[0] + "\n");
  });

  test.each([
    ["--timezone", "Mars", 'error: timezone: "Mars" is no known zone; use a name such as Europe/Berlin\n'],
    [
      "--from",
      "soon",
      'error: --from takes a date or a time such as 2026-11-22 or 2026-11-22T02:00+01:00, got "soon"\n',
    ],
    ["--count", "0", 'error: --count takes a number from 1 to 1000000, got "0"\n'],
  ])("refuses %s %s", async (flag, value, message) => {
    const { code, err } = await schedule("@daily", flag, value);
    expect([code, err]).toEqual([2, message]);
  });
});

test.each([
  ["2026-11-22", "2026-11-21T23:00Z"],
  ["2026-11-22T02:00", "2026-11-22T01:00Z"],
  ["2026-07-01T02:00:30.5", "2026-07-01T00:00:30.500Z"],
  ["2026-11-22T02:00Z", "2026-11-22T02:00Z"],
  ["2026-11-22T02:00-05:00", "2026-11-22T07:00Z"],
])("parseInstant() reads %s in Europe/Berlin as %s", (text, instant) =>
  expect(parseInstant("--from", text, "Europe/Berlin")).toBe(Date.parse(instant)),
);
