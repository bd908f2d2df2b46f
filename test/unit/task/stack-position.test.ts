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

  test("takes the topmost frame that lies in the module", () => {
    const error = errorWith(
      "parse (file:///jobs/lib/dates.ts:2:3)",
      "file:///jobs/orders.ts:9:1",
      "file:///jobs/orders.ts:20:1",
      "run (file:///millrace/dist/task/transformer.js:1:1)",
    );
    expect(positionInModule(error, "/jobs/orders.ts")).toBe("orders.ts:9:1");
    expect(positionInModule(error, "/jobs/other.ts")).toBeUndefined();
  });

  test("finds paths with blanks, brackets and letters beyond ASCII", () => {
    const error = errorWith("file:///my%20jobs%20(copy)/%C3%BCbung.ts:3:4");
    expect(positionInModule(error, "/my jobs (copy)/übung.ts")).toBe("übung.ts:3:4");
  });

  test("is not deceived by a message that looks like a place", () => {
    const error = errorWith("elsewhere (file:///lib.ts:1:1)");
    error.stack = `RangeError: see /jobs/orders.ts:1:1\n${error.stack}`;
    expect(positionInModule(error, "/jobs/orders.ts")).toBeUndefined();
  });

  test("knows nothing of what has no stack", () => {
    const bare = new RangeError("no");
    Object.defineProperty(bare, "stack", { value: 7 });
    expect([positionInModule(bare, "/a.ts"), positionInModule("text", "/a.ts")]).toEqual([undefined, undefined]);
  });
});
