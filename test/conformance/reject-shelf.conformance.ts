/** What every place of rejects promises to those who look at them and try them again. */
import { describe, expect, test } from "vitest";
import type { RejectShelf } from "../../src/core/ports/reject-shelf.ts";
import type { Reject } from "../../src/core/reject.ts";
import { rejectOf } from "./state-store.conformance.ts";

/** A shelf, and how rejects get there. */
export interface FilledShelf {
  readonly shelf: RejectShelf;
  readonly add: (rejects: readonly Reject[]) => Promise<void>;
}

/** The reject of the record at `ordinal`. */
function at(ordinal: number, change: Partial<Reject> = {}): Reject {
  return rejectOf({ position: { ordinal: BigInt(ordinal), token: String(ordinal) }, ...change });
}

const WRITE = { stage: "write", code: "ROW_REFUSED", sink: "sink" } as const;

/** Runs the suite; every test has a job of its own, so that one place will do. */
export function describeRejectShelf(name: string, open: () => Promise<FilledShelf>): void {
  let jobs = 0;
  const filled = async (rejects: readonly Reject[]) => {
    const job = `shelf-${++jobs}`;
    const { shelf, add } = await open();
    await add(rejects.map((reject) => ({ ...reject, job })));
    const list = (filter: object = {}) => shelf.listRejects({ job, limit: 100, ...filter });
    const ordinals = async (filter: object = {}) =>
      (await list(filter)).map(({ position }) => Number(position.ordinal));
    const [one, two] = [`${job}: 1`, `${job}: 2`] as const;
    return { shelf, add, job, list, ordinals, one, two };
  };

  describe(`rejects in the ${name}`, () => {
    test("listRejects() keeps every field and filters by all that a filter says", async () => {
      const full = at(3, { ...WRITE, output: 0, line: 12, raw: "\u{1F600}\r\n\u0001", attempts: 2 });
      const { job, list, ordinals } = await filled([
        at(1),
        at(2, { run: "run-2", scope: "run-2" }),
        full,
        at(4, { split: "b.csv", code: "VALUE_INVALID" }),
        at(5, { scope: "replay:r", run: "r" }),
      ]);
      const [, , third] = await list();
      expect(third).toStrictEqual({ ...full, job, id: third?.id });
      expect(await ordinals({ run: "run-2" })).toEqual([2]);
      expect(await ordinals({ scope: "run-1" })).toEqual([1, 3, 4]);
      expect(await ordinals({ split: "b.csv" })).toEqual([4]);
      expect(await ordinals({ stage: "write" })).toEqual([3]);
      expect(await ordinals({ code: "VALUE_INVALID" })).toEqual([4]);
      expect(await ordinals({ sink: "sink" })).toEqual([3]);
      expect(await ordinals({ sink: null, stage: "decode", exceptReplays: true })).toEqual([1, 2, 4]);
      expect(await ordinals({ ids: [third?.id ?? 0] })).toEqual([3]);
      expect(await ordinals({ after: third?.id, limit: 1 })).toEqual([4]);
      expect(await ordinals({ scope: "nowhere" })).toEqual([]);
    });

    test("groupRejects() counts by split, stage, code and sink, with what the first one says", async () => {
      const { shelf, job, list } = await filled([
        at(1, { message: "first" }),
        at(2, { ...WRITE, message: "refused" }),
        at(3, { message: "second" }),
        at(3, { split: "b.csv", message: "other" }),
      ]);
      const [first, second, , fourth] = await list();
      const cause = { stage: "decode", code: "CSV_FIELD_COUNT" };
      expect(await shelf.groupRejects({ job })).toStrictEqual([
        { split: "a.csv", ...cause, count: 2, first: first?.id, message: "first" },
        { split: "a.csv", ...WRITE, count: 1, first: second?.id, message: "refused" },
        { split: "b.csv", ...cause, count: 1, first: fourth?.id, message: "other" },
      ]);
    });

    test("takeRejects() takes what no other replay has, and twice is once", async () => {
      const { shelf, job, ordinals, list, one, two } = await filled([at(1), at(2, WRITE), at(3)]);
      await shelf.takeRejects({ job, stage: "decode" }, one);
      await shelf.takeRejects({ job }, two);
      await shelf.takeRejects({ job, stage: "decode" }, one);
      expect(await ordinals({ takenBy: one })).toEqual([1, 3]);
      expect(await ordinals({ takenBy: two })).toEqual([2]);
      expect((await list()).map(({ takenBy }) => takenBy)).toEqual([one, two, one]);
    });

    test("takeRejects() takes once for each sink that a filter names: what came or came back since is not taken", async () => {
      const { shelf, add, job, ordinals, one } = await filled([at(1), at(2), at(3, WRITE)]);
      await shelf.takeRejects({ job, sinks: [null, "other"] }, one);
      await add([at(4, { job })]);
      await shelf.takeRejects({ job }, one);
      expect(await ordinals({ takenBy: one })).toEqual([1, 2]);
      await shelf.takeRejects({ job, sink: "sink" }, one);
      expect(await ordinals({ takenBy: one })).toEqual([1, 2, 3]);
      await shelf.settleRejects({ job, put: [at(2, { job, attempts: 2 })] });
      await shelf.settleRejects({ job, dropTakenBy: one });
      await shelf.takeRejects({ job, sink: "another" }, one);
      await shelf.takeRejects({ job }, one);
      expect(await ordinals({ takenBy: one })).toEqual([]);
      expect((await ordinals()).toSorted()).toEqual([2, 4]);
    });

    test("settleRejects() puts nothing for a replay that is further than it says", async () => {
      const { shelf, job, ordinals, list, one } = await filled([at(1), at(2)]);
      const copy = { job, unless: { replay: one, step: "taken" } as const, put: [at(5, { job })] };
      const again = { job, unless: { replay: one, step: "settled" } as const };
      await shelf.settleRejects(copy);
      await shelf.takeRejects({ job }, one);
      await shelf.settleRejects({ ...copy, put: [at(6, { job }), at(1, { job })] });
      expect(await ordinals({ takenBy: one })).toEqual([1, 2, 5]);
      await shelf.settleRejects({ ...again, put: [at(2, { job, attempts: 2 })] });
      await shelf.settleRejects({ job, dropTakenBy: one });
      const [left] = await list();
      await shelf.settleRejects({ ...again, put: [at(1, { job }), at(2, { job, attempts: 3 })] });
      expect(await list()).toEqual([left]);
      await shelf.settleRejects({ ...again, put: [at(1, { job })], drop: [left?.id ?? 0] });
      expect(await list()).toEqual([]);
    });

    test("settleRejects() puts what was refused again in its old place and drops the rest of what was taken", async () => {
      const { shelf, add, job, list, ordinals, one } = await filled([at(1), at(2), at(3), at(4, WRITE)]);
      await shelf.takeRejects({ job, stage: "decode" }, one);
      await add([at(0, { job, scope: "replay:1", run: "1" })]);
      const [again] = await list({ scope: "replay:1" });
      const before = await list();
      const put = at(2, { job, code: "VALUE_NULL", attempts: 2, message: "null" });
      await shelf.settleRejects({ job, drop: [again?.id ?? 0], put: [put] });
      expect(await list({ ids: [before[1]?.id ?? 0] })).toStrictEqual([{ ...put, id: before[1]?.id }]);
      await shelf.settleRejects({ job, dropTakenBy: one });
      expect(await ordinals()).toEqual([2, 4]);
      await shelf.settleRejects({ job, dropTakenBy: one, put: [put], drop: [again?.id ?? 0] });
      expect(await ordinals()).toEqual([2, 4]);
    });
  });
}
