import * as fc from "fast-check";
import { expect, test } from "vitest";
import { civilFromDays, DAY_MS, daysFromCivil, daysInMonth } from "../../../src/core/calendar.ts";

test("civilFromDays() and daysFromCivil() agree with Date, before 1970 too", () => {
  fc.assert(
    fc.property(fc.integer({ min: -4_000_000, max: 10_000_000 }), (days) => {
      const date = new Date(days * DAY_MS);
      const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
      expect(civilFromDays(days)).toEqual({ year, month, day });
      expect(daysFromCivil(year, month, day)).toBe(days);
      expect(daysInMonth(year, month)).toBe(new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate());
    }),
  );
});
