import { describe, expect, test } from "vitest";
import { ERROR_CODES, isMillraceError, MillraceError } from "../../../src/core/errors.ts";
import { messageOf } from "../../../src/core/thrown.ts";

describe("MillraceError", () => {
  test("has its code's fault class unless whoever throws it says otherwise", () => {
    expect(new MillraceError("SINK_UNAVAILABLE", "away")).toMatchObject({
      fault: "transient",
      retryable: true,
      name: "MillraceError",
      details: {},
    });
    expect(new MillraceError("SINK_UNAVAILABLE", "away", { fault: "fatal" }).retryable).toBe(false);
    expect(Object.values(ERROR_CODES).every((fault) => ["usage", "transient", "record", "fatal"].includes(fault))).toBe(
      true,
    );
  });

  test("keeps a cause only if there is one", () => {
    const cause = new RangeError("no");
    expect(new MillraceError("INVARIANT", "broken", { cause }).cause).toBe(cause);
    expect(new MillraceError("INVARIANT", "broken")).not.toHaveProperty("cause");
  });

  test("from() wraps what is thrown and leaves its own kind alone", () => {
    const own = new MillraceError("FENCED", "taken over");
    expect(MillraceError.from(own, "USAGE", "context")).toBe(own);
    const foreign = new RangeError("no");
    expect(MillraceError.from(foreign, "SINK_FAILED", "writing")).toMatchObject({
      code: "SINK_FAILED",
      message: "writing: no",
      cause: foreign,
    });
    expect(MillraceError.from("text")).toMatchObject({ code: "INVARIANT", message: "text", cause: "text" });
  });

  test("isMillraceError() tells codes apart", () => {
    const fenced = new MillraceError("FENCED", "taken over");
    expect([
      isMillraceError(fenced),
      isMillraceError(fenced, "FENCED", "USAGE"),
      isMillraceError(fenced, "USAGE"),
    ]).toEqual([true, true, false]);
    expect(isMillraceError(new RangeError("no"))).toBe(false);
  });
});

describe("messageOf()", () => {
  test.each([
    [new RangeError("no"), "no"],
    ["text", "text"],
    [undefined, "undefined"],
    [Symbol("sign"), "Symbol(sign)"],
    [Object.create(null), "something was thrown that cannot be shown as text"],
    [Object.assign(new RangeError("no"), { message: { toString: () => "an object" } }), "an object"],
  ])("shows anything: %#", (thrown, message) => {
    expect(messageOf(thrown)).toBe(message);
  });
});
