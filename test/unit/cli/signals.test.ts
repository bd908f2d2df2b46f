import { expect, test } from "vitest";
import { listenForSignals } from "../../../src/cli/signals.ts";
import { fakeProcess } from "./support.ts";

test("listenForSignals() asks for a graceful stop at the first signal", () => {
  const process = fakeProcess();
  const told: string[] = [];
  using signals = listenForSignals(process, (line) => told.push(line));
  expect(signals.received).toBeUndefined();
  process.signal("SIGTERM");
  expect(signals.received).toBe("SIGTERM");
  expect(signals.graceful.aborted).toBe(true);
  expect(signals.graceful.reason).toBe("SIGTERM");
  expect(signals.kill.aborted).toBe(false);
  expect(process.exits).toEqual([]);
  expect(told).toEqual(["SIGTERM: finishing what is in flight; once more stops at once"]);
});

test("listenForSignals() stops at once at the second signal, with the code of the first", () => {
  const process = fakeProcess();
  const told: string[] = [];
  using signals = listenForSignals(process, (line) => told.push(line));
  process.signal("SIGINT");
  process.signal("SIGTERM");
  expect(signals.kill.aborted).toBe(true);
  expect(process.exits).toEqual([130]);
  expect(told[1]).toBe("stopped at once; run it again to go on");
});

test("listenForSignals() leaves no listener behind", () => {
  const process = fakeProcess();
  const signals = listenForSignals(process, () => {});
  expect(process.listeners()).toBe(2);
  signals[Symbol.dispose]();
  expect(process.listeners()).toBe(0);
});
