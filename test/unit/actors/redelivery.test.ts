import { describe, expect, test } from "vitest";
import { type Attempt, redeliver, type ThreadDeath } from "../../../src/actors/redelivery.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import type { TaskReply } from "../../../src/core/task.ts";

const reply = { records: 3 } as TaskReply;
const death = (recordIndex: number | null, kind: ThreadDeath["kind"] = "crash") =>
  new MillraceError("THREAD_FAILED", "a thread died", { details: { kind, recordIndex, threadId: 7 } });

/** Redelivers a chunk whose threads die as told; what was tried, and which deaths were told. */
async function deliver(fate: (attempt: Attempt, number: number) => Error | null) {
  const attempts: Attempt[] = [];
  const deaths: (number | null)[] = [];
  const outcome = await redeliver({
    place: "a.csv from 0",
    attempt: async (wish) => {
      const attempt = { ...wish, poison: [...wish.poison] };
      attempts.push(attempt);
      const error = fate(attempt, attempts.length);
      if (error !== null) throw error;
      return reply;
    },
    onDeath: ({ recordIndex }) => deaths.push(recordIndex),
  }).catch((error: unknown) => error);
  return { attempts, deaths, outcome };
}

describe("redeliver()", () => {
  test("asks once when nothing dies", async () => {
    expect(await deliver(() => null)).toEqual({
      attempts: [{ poison: [], only: null, careful: false }],
      deaths: [],
      outcome: reply,
    });
  });

  test.each([
    { kind: "crash", code: "TRANSFORM_CRASHED", words: "ended its thread (process.exit or a crash)" },
    { kind: "memory", code: "TRANSFORM_CRASHED", words: "ran out of memory" },
    { kind: "hang", code: "TRANSFORM_TIMEOUT", words: "made no progress within its timeout" },
  ] as const)("marks a record as poison that ends a thread alone, too: $kind", async ({ kind, code, words }) => {
    const fate = ({ poison, only }: Attempt) => (only === 4 || poison.length === 0 ? death(4, kind) : null);
    const { attempts, deaths, outcome } = await deliver(fate);
    expect(outcome).toBe(reply);
    expect(attempts.map(({ only }) => only)).toEqual([null, 4, null]);
    expect(attempts[2]?.poison).toEqual([{ record: 4, code, message: expect.stringContaining(words) }]);
    expect(deaths).toEqual([4, 4]);
  });

  test("finds several poison records one after another", async () => {
    const fate = ({ poison, only }: Attempt) => {
      if (only !== null) return death(only);
      const next = [2, 5].find((record) => !poison.some((entry) => entry.record === record));
      return next === undefined ? null : death(next);
    };
    const { attempts, outcome } = await deliver(fate);
    expect(outcome).toBe(reply);
    expect(attempts.at(-1)?.poison.map(({ record }) => record)).toEqual([2, 5]);
  });

  test("tries the whole chunk again when the named record survives alone", async () => {
    const { attempts, outcome, deaths } = await deliver(({ only }, number) =>
      only === null && number === 1 ? death(4) : null,
    );
    expect(outcome).toBe(reply);
    expect(attempts.map(({ poison, only }) => [poison.length, only])).toEqual([
      [0, null],
      [0, 4],
      [0, null],
    ]);
    expect(deaths).toEqual([4]);
  });

  test("marks a record that is named three times although it survives alone", async () => {
    const { attempts, deaths, outcome } = await deliver(({ poison, only }) =>
      only === null && poison.length === 0 ? death(4) : null,
    );
    expect(outcome).toBe(reply);
    expect(attempts.map(({ only }) => only)).toEqual([null, 4, null, 4, null, null]);
    expect(attempts.at(-1)?.poison.map(({ record }) => record)).toEqual([4]);
    expect(deaths).toEqual([4, 4, 4]);
  });

  test("goes record by record once a death named none, and finds the one at fault", async () => {
    const fate = ({ poison, only, careful }: Attempt) =>
      only === 4 || poison.length === 0 ? death(careful ? 4 : null) : null;
    const { attempts, deaths, outcome } = await deliver(fate);
    expect(outcome).toBe(reply);
    expect(attempts.map(({ only, careful, poison }) => [only, careful, poison.length])).toEqual([
      [null, false, 0],
      [null, true, 0],
      [4, true, 0],
      [null, true, 1],
    ]);
    expect(deaths).toEqual([null, 4, 4]);
  });

  test("gives up after five deaths that no record explains", async () => {
    const { attempts, outcome } = await deliver(() => death(null));
    expect(attempts).toHaveLength(5);
    expect(outcome).toMatchObject({
      code: "THREAD_FAILED",
      message: "a.csv from 0: the worker threads died 5 times and no record is to blame",
    });
  });

  test("passes on at once what is no death", async () => {
    const closed = new MillraceError("CLOSED", "the pool was destroyed");
    const { attempts, outcome } = await deliver(() => closed);
    expect([attempts.length, outcome]).toEqual([1, closed]);
  });
});
