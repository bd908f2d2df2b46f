/** Processes that end without a word, and those that go on behind them. */
import assert from "node:assert/strict";
import { KEY, RUN } from "./process.ts";
import type { SinkCase } from "./stage.ts";

export const crashCases: readonly SinkCase[] = [
  {
    name: "a process that ends without a word leaves its committed units and nothing of the last one",
    run: async (stage) => {
      await stage.crashed(async (process) => {
        await process.commitRecords(stage.records(0, 3));
        const unit = await process.begin();
        await process.write(unit, stage.records(3, 5));
      });
      await stage.goOn(6);
    },
  },
  {
    name: "a process that ends before its first commit leaves nothing",
    run: async (stage) => {
      await stage.crashed(async (process) => {
        await process.write(await process.begin(), stage.records(0, 3));
      });
      await stage.goOn(4);
    },
  },
  {
    name: "a process that ends between its rows and their positions leaves none of both, or both",
    run: async (stage) => {
      await stage.crashed(async (process) => {
        await process.commitRecords(stage.records(0, 2));
        const unit = await process.begin();
        await process.write(unit, stage.records(2, 4));
        await unit.commit([process.advance(2)], []);
      });
      await stage.goOn(5);
    },
  },
  {
    name: "a run may be taken up again and again, and once more when everything is written",
    run: async (stage) => {
      for (let done = 0; done < 3; done++) {
        await stage.crashed(async (process) =>
          process.commitRecords(stage.records(process.written, process.written + 2)),
        );
      }
      await stage.goOn(6);
    },
  },
  {
    name: "an unfinished run is remembered until it ends or is given up",
    run: async (stage) => {
      await stage.crashed(async (process) => process.commitRecords(stage.records(0, 3)));
      await using bound = await stage.bind();
      const unfinished = await bound.unfinished?.(KEY.job);
      if (unfinished === undefined) return;
      assert.deepEqual(
        unfinished.map(({ run, scope, written }) => ({ run, scope, written })),
        [{ run: RUN, scope: RUN, written: 3 }],
      );
      await bound.abandon?.(KEY.job, RUN);
      assert.deepEqual(await bound.unfinished?.(KEY.job), [], "given up");
    },
  },
];
