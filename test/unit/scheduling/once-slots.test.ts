import { expect, test } from "vitest";
import { OnceSlots } from "../../../src/scheduling/once-slots.ts";

test("OnceSlots gives one slot, that of the first planning, whenever it is asked and by whom", () => {
  const start = new OnceSlots().start(Date.UTC(2026, 10, 22, 1, 2, 3, 456));
  expect(new OnceSlots().next(start, 5)).toBe(5);
  const first = new OnceSlots().due(start);
  expect(first.slots).toEqual([{ slot: "2026-11-22T01:02:03Z", at: Date.UTC(2026, 10, 22, 1, 2, 3) }]);
  expect(new OnceSlots().due(start)).toEqual(first);
  expect(new OnceSlots().due(first.cursor)).toEqual({ slots: [], cursor: first.cursor });
  expect(new OnceSlots().next(first.cursor, 5)).toBeNull();
});
