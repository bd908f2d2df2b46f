import { expect, test } from "vitest";
import { StageMeter } from "../../../src/actors/stage-meter.ts";
import { sleep } from "../../../src/core/clock.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";

test("StageMeter adds up work, waits for input and waits for output", async () => {
  const clock = new FakeClock();
  const meter = new StageMeter(clock);
  const stretches = Promise.all([
    meter.busy(() => sleep(clock, 10)),
    meter.input(sleep(clock, 20)),
    meter.output(sleep(clock, 30)),
  ]);
  await clock.advance(50);
  await stretches;
  meter.addBusy(5);
  expect(meter.times).toEqual({ busyMs: 15, waitInputMs: 20, waitOutputMs: 30 });
});

test("StageMeter.work() counts synchronous work, also when it throws", () => {
  let now = 0;
  const meter = new StageMeter({ now: () => 0, monotonic: () => now, timer: () => ({ [Symbol.dispose]() {} }) });
  const spend = (): string => {
    now += 7;
    return "done";
  };
  expect(meter.work(spend)).toBe("done");
  expect(() =>
    meter.work(() => {
      spend();
      throw new RangeError("no");
    }),
  ).toThrow("no");
  expect(meter.times.busyMs).toBe(14);
});

test("StageMeter passes on what a wait failed with and counts its time", async () => {
  const clock = new FakeClock();
  const meter = new StageMeter(clock);
  const waiting = meter.input(sleep(clock, 10).then(() => Promise.reject(new RangeError("no"))));
  const failed = expect(waiting).rejects.toThrow("no");
  await clock.advance(10);
  await failed;
  expect(meter.times.waitInputMs).toBe(10);
});
