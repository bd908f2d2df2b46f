import { describe, expect, test } from "vitest";
import { CommitUnit } from "../../../src/actors/commit-unit.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import { Deliveries } from "../../support/deliveries.ts";

function unitOf(...deliveries: Parameters<CommitUnit["add"]>[0][]): CommitUnit {
  const unit = new CommitUnit();
  for (const delivery of deliveries) unit.add(delivery);
  return unit;
}

describe("CommitUnit", () => {
  test("is full at the bytes it holds, chunks and rows, at 64 chunks, and as soon as it is broken", () => {
    const deliveries = new Deliveries();
    expect(unitOf(deliveries.next(["1234"])).isFull(5)).toBe(false);
    expect(unitOf(deliveries.next(["12345"])).isFull(5)).toBe(true);
    expect(unitOf(deliveries.next(["1"], { chunkBytes: 4 })).isFull(5)).toBe(true);
    const many = unitOf(...Array.from({ length: 63 }, () => deliveries.next(["1"])));
    expect(many.isFull(1000)).toBe(false);
    many.add(deliveries.next(["1"]));
    expect(many.isFull(1000)).toBe(true);
    const broken = unitOf(deliveries.next(["1"]));
    broken.fault = new MillraceError("SINK_FAILED", "no");
    expect(broken.isFull(1000)).toBe(true);
  });

  test("sums one step a split, from the first chunk's begin to the last one's end", () => {
    const deliveries = new Deliveries();
    const unit = unitOf(
      deliveries.next(["1", "2"], { rejected: [2] }),
      deliveries.next(["x"], { split: "b.csv" }),
      deliveries.next(["3"], { filtered: 2 }),
    );
    expect(unit.steps).toEqual([
      {
        split: "a.csv",
        from: 0n,
        to: { ordinal: 6n, token: "60", line: 7 },
        added: { read: 6, written: 3, filtered: 2, rejected: 1, folded: 0, emitted: 3, bytes: 3 },
      },
      {
        split: "b.csv",
        from: 0n,
        to: { ordinal: 1n, token: "10", line: 2 },
        added: { read: 1, written: 1, filtered: 0, rejected: 0, folded: 0, emitted: 1, bytes: 1 },
      },
    ]);
    expect(unit.counts).toMatchObject({ read: 7, written: 4, filtered: 2, rejected: 1, emitted: 4, bytes: 4 });
    expect(unit.rejects.map(({ position }) => position.ordinal)).toEqual([2n]);
  });

  test("takes all rows of a refused record out of its counts", () => {
    const deliveries = new Deliveries();
    const delivery = deliveries.next(["aa", "bb", "cc", "dd"], { recordOfRow: [0, 1, 1, 2] });
    const unit = unitOf(delivery);
    unit.refuse(delivery, [{ record: 1, output: 1, code: "ROW_REFUSED", message: "bad" }]);
    expect(unit.counts).toEqual({ read: 3, written: 2, filtered: 0, rejected: 1, folded: 0, emitted: 2, bytes: 4 });
    expect(unit.refused).toMatchObject([{ position: { ordinal: 1n }, stage: "write", output: 1, code: "ROW_REFUSED" }]);
    unit.refuse(delivery, [{ record: 0, code: "ROW_REFUSED", message: "bad" }]);
    expect(unit.counts).toMatchObject({ written: 2, rejected: 1, emitted: 3, bytes: 6 });
    unit.refuse(delivery, []);
    expect(unit.counts).toMatchObject({ written: 3, rejected: 0, emitted: 4, bytes: 8 });
  });

  test("counts a record without rows that was refused, and does not know a foreign delivery", () => {
    const deliveries = new Deliveries();
    const delivery = deliveries.next(["aa"], { filtered: 1 });
    const unit = unitOf(delivery);
    unit.refuse(deliveries.next(["zz"]), [{ record: 0, code: "ROW_REFUSED", message: "bad" }]);
    expect(unit.counts.rejected).toBe(0);
    unit.refuse(delivery, [{ record: 7, code: "ROW_REFUSED", message: "bad" }]);
    expect(unit.counts).toMatchObject({ rejected: 1, emitted: 1, bytes: 2 });
  });

  test("remembers which rejects were appended, and names only the others", () => {
    const deliveries = new Deliveries();
    const delivery = deliveries.next(["a", "b"], { rejected: [2] });
    const unit = unitOf(delivery);
    unit.rejectsAppended(unit.rejects);
    expect(unit.notAppended(unit.rejects)).toEqual([]);
    unit.refuse(delivery, [{ record: 1, code: "ROW_REFUSED", message: "bad" }]);
    expect(unit.notAppended(unit.rejects).map(({ stage }) => stage)).toEqual(["write"]);
    expect(unit.rejects).toHaveLength(2);
  });

  test("release() gives every delivery back once", () => {
    const deliveries = new Deliveries();
    const unit = unitOf(deliveries.next(["a"]), deliveries.next(["b"]));
    expect(unit.chunks).toBe(2);
    unit.release();
    unit.release();
    expect(deliveries.released).toBe(2);
  });
});
