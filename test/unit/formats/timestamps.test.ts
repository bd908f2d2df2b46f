import { describe, expect, test } from "vitest";
import { isMillraceError } from "../../../src/core/errors.ts";
import type { Column } from "../../../src/core/record.ts";
import { columnReader, INVALID } from "../../../src/formats/values/column-reader.ts";

function read(text: string, declared: Omit<Column, "type"> = {}): string | typeof INVALID {
  const value = columnReader({ type: "timestamp", ...declared }).read(text);
  return value instanceof Date ? value.toISOString() : INVALID;
}

describe("timestamp", () => {
  test.each([
    ["2024-05-06T07:08:09Z", "2024-05-06T07:08:09.000Z"],
    ["2024-05-06 07:08:09z", "2024-05-06T07:08:09.000Z"],
    ["2024-05-06t07:08:09", "2024-05-06T07:08:09.000Z"],
    ["2024-05-06T07:08", "2024-05-06T07:08:00.000Z"],
    ["2024-05-06T07:08+01", "2024-05-06T06:08:00.000Z"],
    ["2024-05-06", "2024-05-06T00:00:00.000Z"],
    ["2024-05-06T07:08:09.5Z", "2024-05-06T07:08:09.500Z"],
    ["2024-05-06T07:08:09,25Z", "2024-05-06T07:08:09.250Z"],
    ["2024-05-06T07:08:09.123999999Z", "2024-05-06T07:08:09.123Z"],
    ["2024-05-06T07:08:09+05:30", "2024-05-06T01:38:09.000Z"],
    ["2024-05-06T07:08:09 -0330", "2024-05-06T10:38:09.000Z"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"],
    ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
    ["1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"],
  ])("reads %s", (text, instant) => expect(read(text)).toBe(instant));

  test.each([
    "2024-02-30T00:00:00Z",
    "2024-05-06T24:00:00Z",
    "2024-05-06T07:60:00Z",
    "2024-05-06T07:08:60Z",
    "2024-05-06T07:08:09.Z",
    "2024-05-06T07:08:09.1234567890Z",
    "2024-05-06T07:08:09ZZ",
    "2024-05-06T07:08:09+16:00",
    "2024-05-06T07:08:09+05:60",
    "2024-05-06T07:08:09+5",
    "2024-05-06T07:08:09+05-30",
    "2024-05-06T07:08:09 UTC",
    "2024-05-06T07",
    "2024-05-06T07-08",
    "2024-05-06_07:08:09",
    "2024-05-06T",
    "1714979289",
    "yesterday",
  ])("refuses %s", (text) => expect(read(text)).toBe(INVALID));

  test("reads JSON strings only", () => {
    const reader = columnReader({ type: "timestamp" });
    expect(reader.readJson("2024-05-06T07:08:09Z")).toEqual(new Date("2024-05-06T07:08:09Z"));
    expect(reader.readJson(1714979289000)).toBe(INVALID);
  });

  test("is plain only when its instant is clear without the job, read as ISO", () => {
    const { plain } = columnReader({ type: "timestamp" });
    expect(plain("2024-05-06 07:08:09.123456+02")).toBe(true);
    expect(plain("2024-05-06T07:08:09Z")).toBe(true);
    expect(plain("2024-05-06T07:08:09.123456")).toBe(true);
    expect(columnReader({ type: "timestamp", timezone: "Europe/Berlin" }).plain("2024-05-06T07:08:09")).toBe(false);
    expect(plain("2024-05-06")).toBe(false);
    expect(plain("2024-05-06T07:08:09,5Z")).toBe(false);
    expect(columnReader({ type: "timestamp", formats: ["ISO", "dd.MM.yyyy HH:mmX"] }).plain("01.02.2024 03:04Z")).toBe(
      false,
    );
    expect(columnReader({ type: "timestamp", formats: ["ISO", "dd.MM.yyyy"] }).plain("2024-05-06T07:08Z")).toBe(true);
    expect(columnReader({ type: "timestamp", formats: ["yyyy-dd-MM'T'HH:mmX"] }).plain("2024-05-06T07:08Z")).toBe(
      false,
    );
  });
});

describe("timestamp formats", () => {
  test.each([
    ["dd.MM.yyyy HH:mm:ss", "06.05.2024 07:08:09", "2024-05-06T07:08:09.000Z"],
    ["M/d/yyyy h:mm a", "5/6/2024 7:08 PM", "2024-05-06T19:08:00.000Z"],
    ["M/d/yyyy hh:mm a", "5/6/2024 12:08 am", "2024-05-06T00:08:00.000Z"],
    ["MMMM d, yyyy", "May 6, 2024", "2024-05-06T00:00:00.000Z"],
    ["yyyyMMdd'T'HHmmssSSS", "20240506T070809123", "2024-05-06T07:08:09.123Z"],
    ["yyyy-MM-dd HH:mm:ss.SSSSSS XXX", "2024-05-06 07:08:09.123456 +02:00", "2024-05-06T05:08:09.123Z"],
    ["yyyy-MM-dd H:m:s XX", "2024-05-06 7:8:9 -0100", "2024-05-06T08:08:09.000Z"],
    ["yyyy-MM-dd HH:mm X", "2024-05-06 07:08 Z", "2024-05-06T07:08:00.000Z"],
    ["'at' dd/MM/yyyy HH 'o''clock'", "at 06/05/2024 07 o'clock", "2024-05-06T07:00:00.000Z"],
    ["yyyy''MM''dd", "2024'05'06", "2024-05-06T00:00:00.000Z"],
  ])("%s reads %s", (format, text, instant) => expect(read(text, { formats: [format] })).toBe(instant));

  test.each([
    ["yyyy-MM-dd HH:mm", "2024-05-06 25:00"],
    ["yyyy-MM-dd hh:mm a", "2024-05-06 13:00 pm"],
    ["yyyy-MM-dd HH:mm:ss", "2024-05-06 07:08:61"],
    ["yyyy-MM-dd HH:mm:ss", "2024-05-06 07:08:09 "],
    ["yyyy-MM-dd HH:mmX", "2024-05-06 07:08+99"],
    ["dd.MM.yyyy", "31.04.2024"],
    ["dd.MM.yyyy", "31x04x2024"],
  ])("%s refuses %s", (format, text) => expect(read(text, { formats: [format] })).toBe(INVALID));

  test("are tried in their order", () => {
    expect(read("2024-05-06", { formats: ["yyyy-dd-MM", "ISO"] })).toBe("2024-06-05T00:00:00.000Z");
    expect(read("2024-05-16", { formats: ["yyyy-dd-MM", "ISO"] })).toBe("2024-05-16T00:00:00.000Z");
  });
});

describe("timestamp timezone", () => {
  const berlin = { timezone: "Europe/Berlin" };

  test.each([
    ["2024-01-15 12:00:00", "2024-01-15T11:00:00.000Z"],
    ["2024-07-15 12:00:00", "2024-07-15T10:00:00.000Z"],
    ["2024-03-31 01:59:59", "2024-03-31T00:59:59.000Z"],
    ["2024-03-31 03:00:00", "2024-03-31T01:00:00.000Z"],
    ["2024-10-27 01:59:59", "2024-10-26T23:59:59.000Z"],
    ["2024-10-27 03:00:00", "2024-10-27T02:00:00.000Z"],
    ["1880-01-01 00:00:00", "1879-12-31T23:06:32.000Z"],
  ])("is where a time without a zone is local: %s", (text, instant) => expect(read(text, berlin)).toBe(instant));

  test("moves a time that the clocks skip on by the gap", () => {
    expect(read("2024-03-31 02:30:00", berlin)).toBe("2024-03-31T01:30:00.000Z");
    expect(read("2024-03-10 02:30:00", { timezone: "America/New_York" })).toBe("2024-03-10T07:30:00.000Z");
  });

  test("takes a time that the clocks show twice for the earlier one", () => {
    expect(read("2024-10-27 02:30:00", berlin)).toBe("2024-10-27T00:30:00.000Z");
    expect(read("2024-11-03 01:30:00", { timezone: "America/New_York" })).toBe("2024-11-03T05:30:00.000Z");
  });

  test("does not move a time that names its own zone", () => {
    expect(read("2024-07-15T12:00:00Z", berlin)).toBe("2024-07-15T12:00:00.000Z");
    expect(read("15.07.2024 12:00+0000", { ...berlin, formats: ["dd.MM.yyyy HH:mmXX"] })).toBe(
      "2024-07-15T12:00:00.000Z",
    );
    expect(read("15.07.2024 12:00", { ...berlin, formats: ["dd.MM.yyyy HH:mm"] })).toBe("2024-07-15T10:00:00.000Z");
  });

  test("may be an offset", () => {
    expect(read("2024-07-15 12:00", { timezone: "-03:30" })).toBe("2024-07-15T15:30:00.000Z");
    expect(read("2024-07-15 12:00", { timezone: "UTC" })).toBe("2024-07-15T12:00:00.000Z");
  });

  test("agrees with the platform on every hour of a year", () => {
    const shown = new Intl.DateTimeFormat("sv-SE", {
      timeZone: "Australia/Lord_Howe",
      dateStyle: "short",
      timeStyle: "medium",
    });
    const reader = columnReader({ type: "timestamp", timezone: "Australia/Lord_Howe" });
    for (let hour = 0; hour < 366 * 24; hour++) {
      const instant = Date.UTC(2024, 0, 1, hour);
      const found = (reader.read(shown.format(instant)) as Date).getTime();
      // the hour in which the clocks go back by thirty minutes shows times twice
      expect([instant, instant - 1_800_000]).toContain(found);
    }
  });

  test("is refused when the platform does not know it", () => {
    const make = () => columnReader({ type: "timestamp", timezone: "Europe/Atlantis" });
    expect(make).toThrow(/timezone: "Europe\/Atlantis" is no known zone/);
    expect(make).toThrow(expect.toSatisfy((thrown) => isMillraceError(thrown, "CONFIG_INVALID")));
  });
});
