import { describe, expect, test } from "vitest";
import { positionInModule } from "../../../src/task/stack-position.ts";

/** An error with this stack below its message. */
function errorWith(...frames: string[]): Error {
  const error = new RangeError("no");
  error.stack = ["RangeError: no", ...frames.map((frame) => `    at ${frame}`)].join("\n");
  return error;
}

describe("positionInModule()", () => {
  test.each([
    ["a function of a module", "total (file:///jobs/orders.ts:6:19)"],
    ["the module's own level", "file:///jobs/orders.ts:6:19"],
    ["a plain path", "total (/jobs/orders.ts:6:19)"],
    ["an async function", "async Promise.all (index 0), async total (file:///jobs/orders.ts:6:19)"],
  ])("reads the frame of %s", (_what, frame) => {
    expect(positionInModule(errorWith(frame), "/jobs/orders.ts")).toBe("orders.ts:6:19");
  });

  test("takes the topmost frame that is the user's, in a file beside the module too", () => {
    const error = errorWith(
      "node:internal/process/task_queues:105:5",
      "parse (file:///jobs/node_modules/dates/index.js:2:3)",
      `run (${import.meta.resolve("../../../src/task/outcome.ts")}:1:1)`,
      "cents (file:///jobs/lib/money.ts?v=2:4:5)",
      "file:///jobs/orders.ts:20:1",
    );
    expect(positionInModule(error, "/jobs/orders.ts")).toBe("lib/money.ts:4:5");
    expect(positionInModule(error, "/jobs/daily/orders.ts")).toBe("../lib/money.ts:4:5");
  });

  test("names nothing that is a package's or millrace's own", () => {
    const error = errorWith("parse (/jobs/node_modules/dates/index.js:2:3)", "native", "fetch (https://cdn/x.js:1:1)");
    expect(positionInModule(error, "/jobs/orders.ts")).toBeUndefined();
  });

  test("takes the module itself wherever it lies", () => {
    const module = "/jobs/node_modules/transforms/orders.js";
    expect(positionInModule(errorWith(`file://${module}:3:4`), module)).toBe("orders.js:3:4");
  });

  test("finds paths with blanks, brackets and letters beyond ASCII", () => {
    const error = errorWith("file:///my%20jobs%20(copy)/%C3%BCbung.ts:3:4");
    expect(positionInModule(error, "/my jobs (copy)/übung.ts")).toBe("übung.ts:3:4");
  });

  test("is not deceived by a message that looks like a place", () => {
    const error = errorWith("elsewhere (file:///jobs/lib.ts:1:1)");
    error.stack = `RangeError: see /jobs/orders.ts:1:1\n${error.stack}`;
    expect(positionInModule(error, "/jobs/orders.ts")).toBe("lib.ts:1:1");
  });

  test("knows nothing of what has no stack", () => {
    const bare = new RangeError("no");
    Object.defineProperty(bare, "stack", { value: 7 });
    expect([positionInModule(bare, "/a.ts"), positionInModule("text", "/a.ts")]).toEqual([undefined, undefined]);
  });
});
