import { describe, expect, test } from "vitest";
import { ProgressBook } from "../../../src/actors/progress-book.ts";
import { NO_COUNTS } from "../../../src/core/ledger.ts";
import type { Progress } from "../../../src/core/ports/sink.ts";

const counts = (read: number, rejected = 0) => ({
  ...NO_COUNTS,
  read,
  rejected,
  written: read - rejected,
  emitted: read,
  bytes: 10 * read,
});
const row = (split: string, read: number): Progress => ({
  split,
  epoch: 3,
  position: { ordinal: BigInt(read), token: `${read * 10}` },
  counts: counts(read),
  fingerprint: `of ${split}`,
});
const step = (split: string, from: number, read: number) => ({
  split,
  from: BigInt(from),
  to: { ordinal: BigInt(from + read), token: `${(from + read) * 10}` },
  added: counts(read, 1),
});

describe("ProgressBook", () => {
  test("advance() gives totals to compare and set, and changes nothing yet", () => {
    const book = new ProgressBook([row("a", 5), row("b", 0)]);
    const advance = book.advance(step("a", 5, 2));
    expect(advance).toEqual({
      split: "a",
      epoch: 3,
      from: 5n,
      to: { ordinal: 7n, token: "70" },
      counts: { ...counts(7), rejected: 1, written: 6 },
    });
    expect(book.row("a")).toEqual(row("a", 5));
    expect(book.total.read).toBe(5);
  });

  test("apply() makes it the row, which keeps what the first claim said of the data", () => {
    const book = new ProgressBook([row("a", 5), row("b", 1)]);
    book.apply([book.advance(step("a", 5, 2)), book.advance(step("b", 1, 1))]);
    expect(book.row("a")).toMatchObject({ epoch: 3, position: { ordinal: 7n }, fingerprint: "of a" });
    expect(book.rows.map(({ split, position }) => [split, position.ordinal])).toEqual([
      ["a", 7n],
      ["b", 2n],
    ]);
    expect(book.total).toEqual({ ...counts(9), rejected: 2, written: 7 });
  });

  test("holds every step to the split's position and to the ledger", () => {
    const book = new ProgressBook([row("a", 5)]);
    expect(() => book.advance(step("x", 0, 1))).toThrow("split x was never claimed");
    expect(() => book.advance(step("a", 4, 1))).toThrow("split a stands at 5, not at 4");
    const unbalanced = { ...step("a", 5, 1), added: { ...counts(1), written: 2 } };
    expect(() => book.advance(unbalanced)).toThrow("the ledger does not balance at ordinal 6");
    const short = { ...step("a", 5, 2), added: counts(1) };
    expect(() => book.advance(short)).toThrow("the ledger does not balance at ordinal 7");
  });
});
