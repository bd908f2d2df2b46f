import { expect, test } from "vitest";
import { reportError } from "../../../src/cli/report-error.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import { fakeProcess } from "./support.ts";

const told = (thrown: unknown, env: { [name: string]: string } = {}): string => {
  const process = fakeProcess({ env });
  reportError(thrown, process);
  return process.err();
};

test("reportError() tells problems as they are", () => {
  const error = new MillraceError("CONFIG_INVALID", "a.yaml:1:1: b: token: wrong", { details: { problems: [] } });
  expect(told(error)).toBe("a.yaml:1:1: b: token: wrong\n");
});

test("reportError() tells an error's code, unless the message says it all", () => {
  expect(told(new MillraceError("SINK_UNAVAILABLE", "no server"))).toBe("error: no server (SINK_UNAVAILABLE)\n");
  expect(told(new MillraceError("USAGE", "--param takes name=value"))).toBe("error: --param takes name=value\n");
});

test("reportError() says that a fault of the program is one", () => {
  expect(told(new TypeError("x is undefined"))).toBe(
    "error: x is undefined (a fault of millrace itself; MILLRACE_DEBUG=1 shows where)\n",
  );
  expect(told("thrown text")).toContain("error: thrown text");
});

test("reportError() never tells a password", () => {
  const cause = new Error("postgres://me:hunter2@host");
  const error = new MillraceError("SINK_FAILED", "cannot reach postgres://me:hunter2@host/db", { cause });
  expect(told(error)).toBe("error: cannot reach postgres://me:***@host/db (SINK_FAILED)\n");
  expect(told(error, { MILLRACE_DEBUG: "1" })).not.toContain("hunter2");
});

test("reportError() shows stacks and causes only when asked to", () => {
  const error = new MillraceError("SINK_FAILED", "outer", { cause: new Error("inner") });
  expect(told(error)).not.toContain("at ");
  expect(told(error, { MILLRACE_DEBUG: "1" })).toMatch(/outer[^]+ at [^]+caused by Error: inner/);
});
