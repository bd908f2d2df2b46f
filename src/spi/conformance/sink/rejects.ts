/** Rejects that go along with a unit. */
import assert from "node:assert/strict";
import type { Reject } from "../../../core/reject.ts";
import { FIRST_SPLIT, KEY, RUN } from "./process.ts";
import type { SinkCase } from "./stage.ts";

export const rejectCases: readonly SinkCase[] = [
  {
    name: "rejects are kept in the step of their unit, where the sink keeps them",
    run: async (stage) => {
      await using process = await stage.start();
      const unit = await process.begin();
      await process.write(unit, stage.records(0, 1));
      await process.commit(unit, process.advance(2, 1), [rejectOf()]);
      const shelf = process.bound.rejects ?? stage.state;
      if (process.bound.positions === "sink" && process.bound.rejects === undefined) return;
      const kept = await shelf.listRejects({ job: KEY.job, limit: 10 });
      assert.deepEqual(
        kept.map(({ code, position }) => ({ code, ordinal: position.ordinal })),
        [{ code: "VALUE_INVALID", ordinal: 1n }],
      );
    },
  },
];

/** A reject of the second record. */
function rejectOf(): Reject {
  return {
    job: KEY.job,
    run: RUN,
    scope: RUN,
    split: FIRST_SPLIT,
    position: { ordinal: 1n, token: "1" },
    stage: "decode",
    code: "VALUE_INVALID",
    message: "no number",
    raw: "x",
    rawEncoding: "utf8",
    attempts: 1,
    at: new Date(0).toISOString(),
  };
}
