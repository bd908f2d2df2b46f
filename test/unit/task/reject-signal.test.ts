import { expect, test } from "vitest";
import { RejectSignal } from "../../../src/task/reject-signal.ts";

test("RejectSignal is an error with a reason and no frames, and leaves other errors theirs", () => {
  const limit = Error.stackTraceLimit;
  const signal = new RejectSignal("bad e-mail");
  expect(signal).toBeInstanceOf(Error);
  expect(signal.message).toBe("bad e-mail");
  expect(signal.stack).not.toContain("    at ");
  expect(Error.stackTraceLimit).toBe(limit);
});
