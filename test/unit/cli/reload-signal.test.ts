import { expect, test } from "vitest";
import { ReloadSignal } from "../../../src/cli/reload-signal.ts";
import { fakeProcess } from "./support.ts";

test("ReloadSignal tells of each SIGHUP, also of one that came before anybody listened", () => {
  const process = fakeProcess();
  const signal = new ReloadSignal(process);
  let told = 0;
  process.signal("SIGHUP");
  process.signal("SIGHUP");
  signal.listen(() => told++);
  expect(told).toBe(1);
  process.signal("SIGHUP");
  expect(told).toBe(2);
  signal[Symbol.dispose]();
  expect(process.listeners()).toBe(0);
});

test("ReloadSignal tells nothing where nobody has asked", () => {
  using signal = new ReloadSignal(fakeProcess());
  signal.listen(() => expect.fail("nobody has asked"));
});
