/** Disposing and rolling back, whenever and however often. */
import assert from "node:assert/strict";
import type { SinkCase } from "./stage.ts";

export const lettingGoCases: readonly SinkCase[] = [
  {
    name: "writers and sinks may be disposed twice, in the middle of a unit too, and let go of what they held",
    run: async (stage) => {
      const before = await stage.held();
      const process = await stage.start();
      const unit = await process.begin();
      await process.write(unit, stage.records(0, 2));
      for (let times = 0; times < 2; times++) await process[Symbol.asyncDispose]();
      assert.equal(await stage.held(), before, "held");
    },
  },
  {
    name: "rolling back never fails, twice or behind a commit",
    run: async (stage) => {
      await using process = await stage.start();
      const dropped = await process.begin();
      await process.write(dropped, stage.records(0, 2));
      for (let times = 0; times < 2; times++) await dropped.rollback();
      const kept = await process.begin();
      await process.write(kept, stage.records(0, 2));
      await process.commit(kept, process.advance(2));
      await kept.rollback();
      await process.finish();
      await stage.sees([0, 1]);
    },
  },
];
