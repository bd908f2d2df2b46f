import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eventSlot } from "../../../src/scheduling/event-slot.ts";
import { slotText } from "../../../src/scheduling/slot-text.ts";

const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/St_Johns",
  "Asia/Kathmandu",
  "Pacific/Apia",
  "Africa/Monrovia",
  "-03:30",
];
const instants = fc.integer({ min: Date.UTC(1950, 0), max: Date.UTC(2100, 0) });

describe("slotText()", () => {
  test.each([
    ["UTC", "2026-11-22T01:00:00Z"],
    ["Europe/Berlin", "2026-11-22T02:00:00+01:00"],
    ["America/St_Johns", "2026-11-21T21:30:00-03:30"],
    ["Europe/London", "2026-11-22T01:00:00+00:00"],
  ])("spells an instant in %s", (zone, text) => {
    expect(slotText(Date.UTC(2026, 10, 22, 1), zone)).toBe(text);
  });

  test("tells the two hours apart that summer time ends with", () => {
    const first = Date.UTC(2026, 9, 25, 0, 30);
    expect(slotText(first, "Europe/Berlin")).toBe("2026-10-25T02:30:00+02:00");
    expect(slotText(first + 3_600_000, "Europe/Berlin")).toBe("2026-10-25T02:30:00+01:00");
  });

  test("means the same instant in any zone, also where the zone's offset had seconds", () => {
    fc.assert(
      fc.property(instants, fc.constantFrom(...ZONES), (at, zone) => {
        const text = slotText(at, zone);
        expect(Date.parse(text)).toBe(at);
        expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?(?:Z|[+-]\d\d:\d\d)$/);
      }),
    );
  });

  test("refuses a zone that there is not", () => {
    expect(() => slotText(0, "Europe/Berln")).toThrow('timezone: "Europe/Berln" is no known zone');
  });
});

describe("eventSlot()", () => {
  test("cuts to the second unless that is the last one", () => {
    const at = Date.UTC(2026, 10, 22, 1, 2, 3);
    expect(eventSlot(at + 900, null)).toEqual({ slot: "2026-11-22T01:02:03Z", at });
    expect(eventSlot(at + 950, at)).toEqual({ slot: "2026-11-22T01:02:03.950Z", at: at + 950 });
  });

  test("is later than the last one whatever the clock does", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 2 }), (clock) => {
        let last: number | null = null;
        for (const now of clock) {
          const { slot, at } = eventSlot(now, last);
          expect(at).toBeGreaterThan(last ?? -1);
          expect(Date.parse(slot)).toBe(at);
          last = at;
        }
      }),
    );
  });
});
