import { describe, expect, test } from "vitest";
import { shareFrom } from "../../../src/actors/chunk-share.ts";
import { chunkReject } from "../../support/chunks.ts";

/** Of six records: 0 has two rows, 1 is filtered, 2 one row, 3 is rejected, 4 two rows, 5 is filtered. */
const share = {
  output: {
    sink: "archive",
    bytes: Buffer.from("aAbccCD"),
    rows: 5,
    rowEnds: Int32Array.of(1, 2, 3, 5, 7),
    recordOfRow: Int32Array.of(0, 0, 2, 4, 4),
    filtered: 2,
    partitions: { names: ["x", "y"], ofRow: Int32Array.of(0, 1, 0, 1, 1) },
  },
  rejects: [chunkReject(3)],
  read: 6,
};

describe("shareFrom()", () => {
  test("leaves out whole records, with their rows, rejects and counts", () => {
    const { output, rejects, read } = shareFrom(share, 1);
    expect([Buffer.from(output.bytes).toString(), output.rows]).toEqual(["bccCD", 3]);
    expect([[...output.rowEnds], [...output.recordOfRow]]).toEqual([
      [1, 3, 5],
      [2, 4, 4],
    ]);
    expect([...(output.partitions?.ofRow ?? [])]).toEqual([0, 1, 1]);
    expect([read, output.filtered, rejects.length]).toEqual([5, 2, 1]);
  });

  test.each([
    [2, { rows: 3, filtered: 1, rejects: 1 }],
    [4, { rows: 2, filtered: 1, rejects: 0 }],
    [5, { rows: 0, filtered: 1, rejects: 0 }],
    [0, { rows: 5, filtered: 2, rejects: 1 }],
  ])("from record %i on the ledger still balances", (first, due) => {
    const { output, rejects, read } = shareFrom(share, first);
    expect({ rows: output.rows, filtered: output.filtered, rejects: rejects.length }).toEqual(due);
    const written = new Set(output.recordOfRow).size;
    expect(read).toBe(written + output.filtered + rejects.length);
  });
});
