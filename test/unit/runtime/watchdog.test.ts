import { describe, expect, test } from "vitest";
import { Watchdog } from "../../../src/runtime/threads/watchdog.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";

interface Subject {
  readonly name: string;
  progress: number | null;
}

function watch(...subjects: Subject[]) {
  const clock = new FakeClock();
  const stalled: string[] = [];
  const watched = new Set(subjects);
  const watchdog = new Watchdog<Subject>({
    clock,
    timeoutMs: 1000,
    subjects: () => watched,
    progressOf: ({ progress }) => progress,
    onStalled: ({ name }) => void stalled.push(name),
  });
  watchdog.watch();
  return { clock, stalled, watched, watchdog };
}

describe("Watchdog", () => {
  test("finds what does not move for the timeout, and again after each further one", async () => {
    const { clock, stalled } = watch({ name: "a", progress: 5 });
    await clock.advance(1249);
    expect(stalled).toEqual([]);
    await clock.advance(1);
    expect(stalled).toEqual(["a"]);
    await clock.advance(1000);
    expect(stalled).toEqual(["a", "a"]);
  });

  test("leaves alone what moves", async () => {
    const [moving, still] = [
      { name: "moving", progress: 0 },
      { name: "still", progress: 0 },
    ];
    const { clock, stalled } = watch(moving, still);
    for (let round = 0; round < 2; round++) {
      moving.progress++;
      await clock.advance(900);
    }
    expect(stalled).toEqual(["still"]);
  });

  test("counts from the last progress", async () => {
    const subject: Subject = { name: "a", progress: 0 };
    const { clock, stalled } = watch(subject);
    await clock.advance(1000);
    subject.progress = 1;
    await clock.advance(1000);
    expect(stalled).toEqual([]);
    await clock.advance(250);
    expect(stalled).toEqual(["a"]);
  });

  test("does not count while a subject need not move", async () => {
    const subject: Subject = { name: "a", progress: 0 };
    const { clock, stalled } = watch(subject);
    await clock.advance(1000);
    subject.progress = null;
    await clock.advance(250);
    subject.progress = 0;
    await clock.advance(1000);
    expect(stalled).toEqual([]);
  });

  test("forgets a subject that left", async () => {
    const subject: Subject = { name: "a", progress: 0 };
    const { clock, stalled, watched, watchdog } = watch(subject);
    await clock.advance(1000);
    watched.delete(subject);
    await clock.advance(250);
    watched.add(subject);
    watchdog.watch();
    await clock.advance(1000);
    expect(stalled).toEqual([]);
  });

  test("sets no timer while there is nothing to watch, nor after its disposal", async () => {
    const { clock, watched, watchdog } = watch();
    await clock.advance(250);
    expect(clock.pendingTimers).toBe(0);
    watched.add({ name: "a", progress: 0 });
    watchdog.watch();
    watchdog.watch();
    expect(clock.pendingTimers).toBe(1);
    watchdog[Symbol.dispose]();
    expect(clock.pendingTimers).toBe(0);
  });
});
