/** Records that the sink refuses for what is in them: in fast and in careful units. */
import assert from "node:assert/strict";
import { isMillraceError } from "../../../core/errors.ts";
import type { SinkRecord } from "./process.ts";
import type { SinkCase } from "./stage.ts";

/** @param bad a record that the sink refuses */
export function refusalCases(bad: SinkRecord): readonly SinkCase[] {
  return [
    {
      name: "a refused record fails a fast unit with a fault of the record, and nothing is seen of it",
      run: async (stage) => {
        await using process = await stage.start();
        const unit = await process.begin();
        const filling = async (): Promise<void> => {
          await process.write(unit, [...stage.records(0, 2), bad, ...stage.records(2, 3)]);
          await process.commit(unit, process.advance(4));
        };
        await assert.rejects(filling(), (thrown) => isMillraceError(thrown) && thrown.fault === "record");
        await unit.rollback();
        assert.deepEqual(await process.positions(), ["a: 0 at 0, 0 written"]);
        await stage.sees([]);
      },
    },
    {
      name: "a careful unit names the refused records, and writes all others",
      run: async (stage) => {
        await using process = await stage.start();
        const unit = await process.begin("careful");
        const { rejects } = await process.write(unit, [bad, ...stage.records(0, 2), bad, ...stage.records(2, 3), bad]);
        assert.deepEqual(
          rejects.map(({ record }) => record).toSorted((a, b) => a - b),
          [0, 3, 5],
        );
        for (const { code, message } of rejects) assert.ok(code !== "" && message !== "", "a code and a reason");
        await process.commit(unit, process.advance(6, 3));
        await process.finish();
        await stage.sees([0, 1, 2]);
      },
    },
    {
      name: "one refused output of a record keeps its siblings from being written",
      run: async (stage) => {
        await using process = await stage.start();
        const [zero, one, two] = stage.records(0, 3) as [SinkRecord, SinkRecord, SinkRecord];
        const unit = await process.begin("careful");
        const { rejects } = await process.write(unit, [zero, [one, bad], two]);
        assert.deepEqual(
          rejects.map(({ record, output }) => ({ record, output })),
          [{ record: 1, output: 1 }],
        );
        await process.commit(unit, process.advance(3, 1));
        await process.finish();
        await stage.sees([0, 2]);
      },
    },
  ];
}
