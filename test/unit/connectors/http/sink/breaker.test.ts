import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  afterBreakerEvent,
  type BreakerEvent,
  type BreakerState,
  CLOSED,
} from "../../../../../src/connectors/http/sink/breaker.ts";
import { BreakerGate } from "../../../../../src/connectors/http/sink/breaker-gate.ts";
import { FakeClock } from "../../../../../src/testing/fake-clock.ts";
import { FROM_THE_START, openWriter, PatientHost, rowsOf, ScriptedServer } from "./scripted-server.ts";

const SETTINGS = { failures: 3, resetAfter: 1_000 };

describe("afterBreakerEvent()", () => {
  test("opens after so many failures in a row, whatever came before them", () => {
    const kinds = fc.array(fc.constantFrom("succeeded", "failed", "abandoned"), { maxLength: 20 });
    fc.assert(
      fc.property(kinds, (events) => {
        let state: BreakerState = CLOSED;
        let row = 0;
        for (const kind of events) {
          if (row < SETTINGS.failures) row = kind === "failed" ? row + 1 : kind === "succeeded" ? 0 : row;
          state = afterBreakerEvent(state, { kind, isProbe: false, at: 5 }, SETTINGS);
          expect(state.name).toBe(row >= SETTINGS.failures ? "open" : "closed");
        }
      }),
    );
  });

  test.each<[BreakerState, BreakerEvent, BreakerState]>([
    [
      { name: "open", until: 10 },
      { kind: "asked", at: 9 },
      { name: "open", until: 10 },
    ],
    [
      { name: "open", until: 10 },
      { kind: "asked", at: 10 },
      { name: "half-open", isProbing: false },
    ],
    [
      { name: "open", until: 10 },
      { kind: "succeeded", isProbe: false, at: 11 },
      { name: "open", until: 10 },
    ],
    [
      { name: "half-open", isProbing: false },
      { kind: "asked", at: 10 },
      { name: "half-open", isProbing: true },
    ],
    [{ name: "half-open", isProbing: true }, { kind: "succeeded", isProbe: true, at: 10 }, CLOSED],
    [
      { name: "half-open", isProbing: true },
      { kind: "failed", isProbe: true, at: 10 },
      { name: "open", until: 1_010 },
    ],
    [
      { name: "half-open", isProbing: true },
      { kind: "failed", isProbe: false, at: 10 },
      { name: "half-open", isProbing: true },
    ],
    [
      { name: "half-open", isProbing: true },
      { kind: "abandoned", isProbe: true, at: 10 },
      { name: "half-open", isProbing: false },
    ],
  ])("takes %j by %j to %j", (state, event, next) => {
    expect(afterBreakerEvent(state, event, SETTINGS)).toEqual(next);
  });
});

describe("BreakerGate", () => {
  const never = new AbortController().signal;

  test("lets one probe through when its time is over, and everybody when that succeeds", async () => {
    const clock = new FakeClock();
    const host = new PatientHost();
    using gate = new BreakerGate({ settings: SETTINGS, clock, host });
    for (let failure = 0; failure < 3; failure++) gate.ended({ isProbe: false }, "failed", "503");
    const passed: boolean[] = [];
    for (let request = 0; request < 3; request++) {
      void Promise.resolve(gate.pass(never)).then(({ isProbe }) => passed.push(isProbe));
    }
    await clock.advance(999);
    expect(passed).toEqual([]);
    await clock.advance(1);
    expect(passed).toEqual([true]);
    gate.ended({ isProbe: true }, "failed");
    await clock.advance(1_000);
    expect(passed).toEqual([true, true]);
    gate.ended({ isProbe: true }, "succeeded");
    await clock.advance(0);
    expect(passed).toEqual([true, true, false]);
    expect(host.told).toEqual(["open for 1000", "half-open", "open for 1000", "half-open", "closed"]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("hands the probe on when its request is aborted, and lets who waits go with the run", async () => {
    const clock = new FakeClock();
    const ending = new AbortController();
    using gate = new BreakerGate({ settings: { ...SETTINGS, failures: 1 }, clock, host: undefined });
    gate.ended({ isProbe: false }, "failed");
    await clock.advance(1_000);
    expect(await gate.pass(never)).toEqual({ isProbe: true });
    const second = gate.pass(never);
    const gone = Promise.resolve(gate.pass(ending.signal)).catch((thrown: unknown) => thrown);
    ending.abort();
    expect(await gone).toMatchObject({ code: "ABORTED" });
    gate.ended({ isProbe: true }, "abandoned");
    expect(await second).toEqual({ isProbe: true });
  });
});

describe("a sink with a breaker", () => {
  test("pauses all requests while the server fails, and loses none", async () => {
    const clock = new FakeClock();
    const server = new ScriptedServer();
    const host = new PatientHost();
    const downUntil = 2_500;
    server.says = () => (clock.monotonic() < downUntil ? 503 : 200);
    const options = { concurrency: 4, breaker: { failures: 4, resetAfter: 1_000 } };
    await using writer = await openWriter(options, { server, clock, host });
    const unit = await writer.begin("fast", null);
    const records = Array.from({ length: 10 }, (_, id) => ({ id }));
    const done = unit.write(rowsOf(records), FROM_THE_START).then(() => unit.answers?.());
    await clock.advance(2_400);
    expect(server.seen).toHaveLength(6);
    await clock.advance(1_000);
    await expect(done).resolves.toEqual([{ rejects: [] }]);
    expect(server.seen).toHaveLength(16);
    expect(host.told).toEqual([
      ...["open for 1000", "half-open", "open for 1000", "half-open", "open for 1000", "half-open", "closed"],
    ]);
  });
});
