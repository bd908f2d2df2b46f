import { describe, expect, test } from "vitest";
import { Outage, type OutageOptions, retrying } from "../../../src/actors/outage.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { EventLog } from "../../support/events.ts";

const away = new MillraceError("SINK_UNAVAILABLE", "the server is away");
const never = new AbortController().signal;

function outageOptions(clock: FakeClock, log: EventLog): OutageOptions {
  const policy = { forMs: 10_000, initialDelayMs: 1000, maxDelayMs: 4000, multiplier: 2, jitter: "none" } as const;
  return { policy, stage: "sink", clock, random: () => 0.5, emit: log.emit };
}

describe("Outage.pause()", () => {
  test("waits longer and longer, tells each wait, and gives up after retry.for", async () => {
    const [clock, log] = [new FakeClock(), new EventLog()];
    const outage = new Outage(outageOptions(clock, log));
    for (const delayMs of [1000, 2000, 4000, 4000]) {
      const pause = outage.pause(away, never);
      await clock.advance(delayMs);
      await pause;
    }
    await expect(outage.pause(away, never)).rejects.toMatchObject({
      code: "RETRIES_EXHAUSTED",
      message:
        "the server is away; tried 5 times in 11 s (retry.for). What is committed stays: run it again and it goes on",
      cause: away,
    });
    expect(log.of("retrying").map(({ attempt, delayMs, code }) => [attempt, delayMs, code])).toEqual([
      [1, 1000, "SINK_UNAVAILABLE"],
      [2, 2000, "SINK_UNAVAILABLE"],
      [3, 4000, "SINK_UNAVAILABLE"],
      [4, 4000, "SINK_UNAVAILABLE"],
    ]);
  });

  test("tells an HTTP status as the reason", async () => {
    const [clock, log] = [new FakeClock(), new EventLog()];
    const error = new MillraceError("SINK_UNAVAILABLE", "away", { details: { status: 503 } });
    const pause = new Outage(outageOptions(clock, log)).pause(error, never);
    await clock.advance(1000);
    await pause;
    expect(log.of("retrying")).toMatchObject([{ reason: "HTTP 503" }]);
  });

  test.each([
    ["SINK_UNAVAILABLE", Object.assign(new Error("deadlock detected"), { code: "40P01" }), "40P01"],
    ["SINK_UNAVAILABLE", Object.assign(new Error("read"), { code: "ECONNRESET" }), "ECONNRESET"],
    ["SINK_UNAVAILABLE", undefined, "SINK_UNAVAILABLE"],
    ["COMMIT_AMBIGUOUS", Object.assign(new Error("read"), { code: "ECONNRESET" }), "COMMIT_AMBIGUOUS"],
  ] as const)("tells the reason in a word: %s because of %s", async (code, cause, reason) => {
    const [clock, log] = [new FakeClock(), new EventLog()];
    const pause = new Outage(outageOptions(clock, log)).pause(new MillraceError(code, "away", { cause }), never);
    await clock.advance(1000);
    await pause;
    expect(log.of("retrying")).toMatchObject([{ code, reason, message: "away" }]);
  });

  test("waits as long as the other side asks for, and not at all where that is longer than retry.for", async () => {
    const [clock, log] = [new FakeClock(), new EventLog()];
    const outage = new Outage(outageOptions(clock, log));
    const asking = (retryAfterMs: number) =>
      new MillraceError("SINK_UNAVAILABLE", "busy", { details: { retryAfterMs } });
    const pause = outage.pause(asking(5000), never);
    await clock.advance(5000);
    await pause;
    expect(log.of("retrying").map(({ delayMs }) => delayMs)).toEqual([5000]);
    const tooLong = outage.pause(asking(5001), never);
    await expect(tooLong).rejects.toMatchObject({ code: "RETRIES_EXHAUSTED" });
  });

  test("tells nothing once it is killed: what failed then failed because of that", async () => {
    const [clock, log] = [new FakeClock(), new EventLog()];
    await expect(new Outage(outageOptions(clock, log)).pause(away, AbortSignal.abort())).rejects.toMatchObject({
      code: "ABORTED",
    });
    expect(log.all).toEqual([]);
  });

  test("ends at once when it is killed, and leaves no timer", async () => {
    const [clock, log] = [new FakeClock(), new EventLog()];
    const killed = new AbortController();
    const pause = new Outage(outageOptions(clock, log)).pause(away, killed.signal);
    killed.abort();
    await expect(pause).rejects.toMatchObject({ code: "ABORTED" });
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("retrying()", () => {
  test("tries again until it succeeds", async () => {
    const [clock, log] = [new FakeClock(), new EventLog()];
    let attempts = 0;
    const result = retrying(
      async () => {
        if (++attempts < 3) throw away;
        return "there";
      },
      outageOptions(clock, log),
      never,
    );
    await clock.advance(3000);
    expect(await result).toBe("there");
    expect(log.of("retrying")).toHaveLength(2);
  });

  test.each([new MillraceError("SINK_REFUSED", "no"), new TypeError("a mistake")])(
    "throws $name at once",
    async (mishap) => {
      const [clock, log] = [new FakeClock(), new EventLog()];
      await expect(retrying(() => Promise.reject(mishap), outageOptions(clock, log), never)).rejects.toBe(mishap);
      expect(log.all).toEqual([]);
    },
  );
});
