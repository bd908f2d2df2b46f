import { expect, test } from "vitest";
import { exitCodeOfError, exitCodeOfState } from "../../../src/cli/exit-codes.ts";
import { MillraceError } from "../../../src/core/errors.ts";

test.each([
  ["succeeded", undefined, 0],
  ["failed", undefined, 1],
  ["rejected", undefined, 3],
  ["interrupted", "SIGINT", 130],
  ["interrupted", "SIGTERM", 143],
  ["interrupted", undefined, 1],
  ["succeeded", "SIGINT", 0],
  ["failed", "SIGTERM", 1],
] as const)("a run that %s after signal %s ends with %d", (state, signal, code) => {
  expect(exitCodeOfState(state, signal)).toBe(code);
});

test.each([
  ["CONFIG_INVALID", undefined, 2],
  ["VARIABLE_UNSET", undefined, 2],
  ["NOT_BUILT", undefined, 2],
  ["SOURCE_NOT_FOUND", undefined, 2],
  ["REJECT_LIMIT", undefined, 3],
  ["SINK_UNAVAILABLE", undefined, 1],
  ["LEASE_HELD", undefined, 1],
  ["ABORTED", "SIGTERM", 143],
  ["ABORTED", "SIGINT", 130],
  ["SINK_FAILED", "SIGINT", 1],
] as const)("an error %s after signal %s ends with %d", (code, signal, expected) => {
  expect(exitCodeOfError(new MillraceError(code, "m"), signal)).toBe(expected);
});

test("anything else thrown ends with 1", () => {
  expect(exitCodeOfError(new TypeError("m"))).toBe(1);
});
