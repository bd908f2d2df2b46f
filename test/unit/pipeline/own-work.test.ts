import { expect, test } from "vitest";
import { ProgressBook } from "../../../src/actors/progress-book.ts";
import { type Counts, NO_COUNTS } from "../../../src/core/ledger.ts";
import type { Progress } from "../../../src/core/ports/sink.ts";
import { OwnWork } from "../../../src/pipeline/own-work.ts";

const counts = (read: number): Counts => ({ ...NO_COUNTS, read, written: read });
const row = (split: string, epoch: number, read: number): Progress => ({
  split,
  epoch,
  position: { ordinal: BigInt(read), token: String(read) },
  counts: counts(read),
});
const book = (...rows: readonly Progress[]) => ({
  name: "sink",
  book: new ProgressBook(rows, counts(rows.reduce((sum, { counts: { read } }) => sum + read, 0))),
});

test("OwnWork.totals counts a commit whose reply was lost once its split is claimed again with nobody in between", () => {
  const work = new OwnWork();
  work.claimed("sink", [row("a", 1, 10), row("b", 1, 5)]);
  const flow = book(row("a", 1, 10), row("b", 1, 5));
  const { book: ledger } = flow;
  ledger.apply([ledger.advance({ split: "a", from: 10n, to: { ordinal: 14n, token: "14" }, added: counts(4) })]);
  work.note([flow]);
  expect(work.totals.get("sink")?.read).toBe(4);
  // Another flow without it in between, and a share without this split.
  work.claimed("sink", [row("b", 2, 8)]);
  expect(work.totals.get("sink")?.read).toBe(7);
  work.claimed("sink", [row("a", 2, 20)]);
  expect(work.totals.get("sink")?.read).toBe(13);
});

test("OwnWork.totals leaves out what was done of a split while somebody else had it", () => {
  const work = new OwnWork();
  work.claimed("sink", [row("a", 1, 10)]);
  work.claimed("sink", [row("a", 3, 30)]);
  expect(work.totals.get("sink")).toEqual(NO_COUNTS);
});
