/** Commits whose reply does not come. */
import assert from "node:assert/strict";
import type { SinkCase } from "./stage.ts";

export const lostReplyCases: readonly SinkCase[] = [
  {
    name: "a commit whose reply is lost is told as such, and the positions tell whether it took effect",
    run: async (stage) => {
      await using process = await stage.start();
      await process.commitRecords(stage.records(0, 1));
      const unit = await process.begin();
      await process.write(unit, stage.records(1, 3));
      await stage.loseReply();
      await assert.rejects(process.commit(unit, process.advance(2)), { code: "COMMIT_AMBIGUOUS" });
      await unit.rollback();
      await process.readBack();
      await stage.writeUpTo(process, 4);
      await process.finish();
      await stage.sees([0, 1, 2, 3]);
    },
  },
];
