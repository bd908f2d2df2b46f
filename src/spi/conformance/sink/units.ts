/** Units: all of what was written takes effect with its positions, or nothing does. */
import assert from "node:assert/strict";
import type { SinkCase } from "./stage.ts";

export const unitCases: readonly SinkCase[] = [
  {
    name: "committed units are seen once the run has finished, each record once",
    run: async (stage) => {
      await using process = await stage.start();
      await process.commitRecords(stage.records(0, 3));
      await process.commitRecords(stage.records(3, 5));
      assert.deepEqual(await process.positions(), ["a: 5 at 5, 5 written"], "positions are read back");
      await process.finish();
      await stage.sees([0, 1, 2, 3, 4]);
    },
  },
  {
    name: "a unit that is rolled back leaves nothing",
    run: async (stage) => {
      await using process = await stage.start();
      const unit = await process.begin();
      await process.write(unit, stage.records(0, 3));
      await unit.rollback();
      assert.equal(process.written, 0);
      await process.commitRecords(stage.records(0, 2));
      await process.finish();
      await stage.sees([0, 1]);
    },
  },
  {
    name: "a unit may be empty: positions move over records that gave no rows",
    run: async (stage) => {
      await using process = await stage.start();
      const unit = await process.begin();
      const { counts, ...advance } = process.advance(4);
      await process.commit(unit, { ...advance, counts: { ...counts, written: 0, emitted: 0, filtered: 4 } });
      assert.deepEqual(await process.positions(), ["a: 4 at 4, 0 written"]);
      await process.finish();
      await stage.sees([]);
    },
  },
  {
    name: "a unit takes several chunks, and several splits",
    run: async (stage) => {
      await using process = await stage.start(["a", "b"]);
      const unit = await process.begin();
      await process.write(unit, stage.records(0, 2));
      await process.write(unit, stage.records(2, 3));
      await process.commit(unit, [process.advance(2), process.advance(1, 0, process.progress("b"))]);
      const stored = await process.positions();
      assert.deepEqual(stored, ["a: 2 at 2, 2 written", "b: 1 at 1, 1 written"]);
      await process.finish();
      await stage.sees([0, 1, 2]);
    },
  },
  {
    name: "where two units may be open, they commit in the order in which they were begun",
    run: async (stage) => {
      await using process = await stage.start();
      if (process.writer.lanes === 1) return;
      const [first, second] = [await process.begin(), await process.begin()];
      await process.write(first, stage.records(0, 2));
      await process.write(second, stage.records(2, 4));
      await process.commit(first, process.advance(2));
      await process.commit(second, process.advance(2));
      await process.finish();
      await stage.sees([0, 1, 2, 3]);
    },
  },
];
