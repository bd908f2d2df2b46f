import { describe, expect, test } from "vitest";
import { zoneOffsets } from "../../../src/core/zone-offsets.ts";

const HOUR_MS = 3_600_000;

describe("zoneOffsets()", () => {
  test.each([
    ["UTC", "2026-07-01T00:00Z", 0],
    ["Europe/Berlin", "2026-03-29T00:59:59Z", 1],
    ["Europe/Berlin", "2026-03-29T01:00:00Z", 2],
    ["America/St_Johns", "2026-01-01T00:00Z", -3.5],
    ["Australia/Lord_Howe", "2026-07-01T00:00Z", 10.5],
    ["Pacific/Apia", "2011-12-30T09:59:59Z", -10],
    ["Pacific/Apia", "2011-12-30T10:00:00Z", 14],
    ["+05:45", "2026-01-01T00:00Z", 5.75],
  ])("of %s at %s", (zone, instant, hours) => expect(zoneOffsets(zone)(Date.parse(instant))).toBe(hours * HOUR_MS));

  test("refuses a name that is no zone's", () =>
    expect(() => zoneOffsets("Mars/Olympus")).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" })));
});
