import { describe, expect, test } from "vitest";
import { MillraceError } from "../../../src/core/errors.ts";
import { packError, unpackError } from "../../../src/runtime/threads/thread-error.ts";

/** As it comes out on the other side of a thread's port. */
const carried = (thrown: unknown) => unpackError(structuredClone(packError(thrown)));

describe("packError() and unpackError()", () => {
  test("keep name, message, stack, code and causes of an error", () => {
    const cause = Object.assign(new RangeError("too far"), { code: "ERR_FAR" });
    const error = new TypeError("no such field", { cause });
    const arrived = carried(error);
    expect(arrived).toMatchObject({ name: "TypeError", message: "no such field", stack: error.stack });
    expect(arrived.cause).toMatchObject({ name: "RangeError", message: "too far", code: "ERR_FAR" });
  });

  test("keep a MillraceError what it is", () => {
    const error = new MillraceError("SETUP_FAILED", "no model", { fault: "transient", details: { path: "x" } });
    const arrived = carried(error);
    expect(arrived).toBeInstanceOf(MillraceError);
    expect(arrived).toMatchObject({
      code: "SETUP_FAILED",
      retryable: true,
      details: { path: "x" },
      stack: error.stack,
    });
  });

  test("leave out details that cannot be cloned", () => {
    const error = new MillraceError("INVARIANT", "odd", { details: { refuse: () => {} } });
    expect(carried(error)).toMatchObject({ code: "INVARIANT", details: {} });
  });

  test("carry whatever else was thrown as text", () => {
    expect(carried("just text").message).toBe("just text");
    expect(carried(undefined).message).toBe("undefined");
    expect(carried(Object.create(null)).message).toBe("something that cannot be shown as text");
  });

  test("end at some depth of causes, also where they form a ring", () => {
    const error = new TypeError("ring");
    error.cause = error;
    let depth = 0;
    for (let at: unknown = carried(error); at instanceof Error; at = at.cause) depth++;
    expect(depth).toBe(6);
  });

  test("bear an error without a usable stack", () => {
    const error = new TypeError("bare");
    Object.defineProperty(error, "stack", { value: 42 });
    expect(packError(error).stack).toBeNull();
    expect(carried(error).message).toBe("bare");
  });
});
