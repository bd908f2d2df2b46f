/** Fences: of two owners of a split only the later one has an effect. */
import assert from "node:assert/strict";
import { isMillraceError } from "../../../core/errors.ts";
import type { SinkUnit } from "../../../core/ports/sink.ts";
import { FIRST_SPLIT, type SinkProcess, type SinkRecord } from "./process.ts";
import type { SinkCase } from "./stage.ts";

export const fenceCases: readonly SinkCase[] = [
  {
    name: "a claim raises the epoch, keeps the position and the first fingerprint",
    run: async (stage) => {
      const before = await stage.crashed(async (process) => process.commitRecords(stage.records(0, 2)));
      await using process = await stage.start();
      const { epoch, position, fingerprint } = process.progress();
      assert.ok(epoch > before.epoch, `epoch ${epoch} after ${before.epoch}`);
      assert.equal(position.ordinal, process.bound.resume === "position" ? 2n : 0n);
      assert.equal(fingerprint, `first ${FIRST_SPLIT}`);
    },
  },
  {
    name: "an owner that was superseded is fenced off: its open unit has no effect",
    run: async (stage) => {
      await using zombie = await stage.start();
      await zombie.commitRecords(stage.records(0, 2));
      const late = await zombie.begin();
      await zombie.write(late, stage.records(2, 4));
      await using successor = await stage.start();
      await assertFenced(zombie, late, stage.records(2, 4));
      await stage.writeUpTo(successor, 5);
      await successor.finish();
      await stage.sees([0, 1, 2, 3, 4]);
    },
  },
  {
    name: "an owner that wakes up when its successor has finished is fenced off",
    run: async (stage) => {
      await using zombie = await stage.start();
      const late = await zombie.begin();
      await zombie.write(late, stage.records(0, 2));
      await using successor = await stage.start();
      await stage.writeUpTo(successor, 3);
      await successor.finish();
      await assertFenced(zombie, late, stage.records(0, 2));
      await stage.sees([0, 1, 2]);
    },
  },
  {
    name: "a unit that does not go on exactly where its splits stand has no effect, on none of them",
    run: async (stage) => {
      await using process = await stage.start(["a", "b"]);
      if (process.bound.positions !== "sink") return;
      const unit = await process.begin();
      await process.write(unit, stage.records(0, 3));
      const astray = { ...process.advance(1, 0, process.progress("b")), from: 7n };
      await assert.rejects(process.commit(unit, [process.advance(2), astray]), { code: "FENCED" });
      await unit.rollback();
      assert.deepEqual(await process.positions(), ["a: 0 at 0, 0 written", "b: 0 at 0, 0 written"]);
      await stage.sees([]);
    },
  },
];

/**
 * Whichever step notices it: the sink's own, or that of the positions. A target with a key may refuse the rows before,
 * since the successor has brought them; then it is the careful unit that has to be told.
 */
async function assertFenced(zombie: SinkProcess, unit: SinkUnit, records: readonly SinkRecord[]): Promise<void> {
  try {
    await assert.rejects(zombie.commit(unit, zombie.advance(records.length)), (thrown) => {
      if (isMillraceError(thrown) && thrown.fault === "record") throw thrown;
      return isMillraceError(thrown, "FENCED");
    });
  } catch (thrown) {
    if (!isMillraceError(thrown)) throw thrown;
    const careful = await zombie.begin("careful");
    const { rejects } = await zombie.write(careful, records);
    const advance = zombie.advance(records.length, rejects.length);
    await assert.rejects(zombie.commit(careful, advance), { name: "MillraceError", code: "FENCED" });
    await careful.rollback();
  }
  await unit.rollback();
}
