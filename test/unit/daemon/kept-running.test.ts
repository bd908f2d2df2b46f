import { expect, test } from "vitest";
import { MillraceError } from "../../../src/core/errors.ts";
import type { RuntimeEvent } from "../../../src/core/ports/runtime-events.ts";
import type { Job } from "../../../src/config/job.ts";
import type { ActiveRun, RunEnd } from "../../../src/daemon/active-run.ts";
import { KeptRunning } from "../../../src/daemon/kept-running.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";

/** A job whose runs never begin; how each ends is for the test to say. */
function kept() {
  const ends = [Promise.withResolvers<RunEnd>(), Promise.withResolvers<RunEnd>()];
  const told: RuntimeEvent[] = [];
  let begun = 0;
  const begin = (): ActiveRun => {
    const end = ends[begun++] ?? Promise.withResolvers<RunEnd>();
    const run = {
      ended: end.promise,
      stopped: undefined as object | undefined,
      stop(_kind: string, why: string) {
        run.stopped = { why };
        end.resolve({ error: new MillraceError("ABORTED", why) });
      },
    };
    return run as unknown as ActiveRun;
  };
  const clock = new FakeClock();
  const running = new KeptRunning({
    ...{ clock, random: () => 0.5, job: { name: "stream" } as Job, desk: { begin } },
    ...{ store: { findSchedule: () => Promise.resolve(undefined) }, emit: (event) => told.push(event) },
  });
  running.start();
  return { running, told, clock, ends, begun: () => begun };
}

test("KeptRunning has failed where its run could not begin, says so, and begins another one", async () => {
  const { running, told, clock, ends, begun } = kept();
  ends[0]?.resolve({ error: new MillraceError("SOURCE_FAILED", "nobody listens there") });
  await clock.advance(0);
  expect(told).toMatchObject([{ kind: "start-failed", job: "stream", code: "SOURCE_FAILED" }]);
  expect(running.failed).toBe(true);
  await clock.advance(60_000);
  expect(begun()).toBe(2);
  await running.stop("the runtime stops");
});

test("KeptRunning does not call it a failure when its run is told to end before it has begun", async () => {
  const { running, told, clock, begun } = kept();
  await clock.advance(0);
  expect(begun()).toBe(1);
  await running.stop("the runtime stops");
  expect(running.failed).toBe(false);
  expect(told).toEqual([]);
});
