import { expect, test } from "vitest";
import { refusalOf } from "../../../src/cli/supported-runtime.ts";

test.each([
  [{ node: "24.15.0" }, undefined],
  [{ node: "24.21.3" }, undefined],
  [{ node: "26.0.0" }, undefined],
  [{ node: "24.14.9" }, "millrace needs Node.js 24.15 or newer; this is 24.14.9"],
  [{ node: "20.19.0" }, "millrace needs Node.js 24.15 or newer; this is 20.19.0"],
  [{ node: "24.15.0", bun: "1.3.0" }, "millrace needs Node.js 24.15 or newer; Bun is not supported"],
  [{ node: "24.15.0", deno: "2.5.0" }, "millrace needs Node.js 24.15 or newer; Deno is not supported"],
  [{}, "millrace needs Node.js 24.15 or newer; this is something else"],
])("refusalOf(%j) is %s", (versions, refusal) => {
  expect(refusalOf(versions)).toBe(refusal);
});
