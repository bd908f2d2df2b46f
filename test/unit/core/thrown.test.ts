import { describe, expect, test } from "vitest";
import { MillraceError } from "../../../src/core/errors.ts";
import { causesOf } from "../../../src/core/thrown.ts";

describe("causesOf()", () => {
  test("follows causes, and leaves out what is said already", () => {
    const socket = new TypeError("socket hang up");
    const repeated = MillraceError.from(socket, "SINK_UNAVAILABLE", "shop");
    expect(repeated.message).toBe("shop: socket hang up");
    expect(causesOf(repeated)).toEqual({});
    const outer = new MillraceError("RETRIES_EXHAUSTED", "tried 9 times", { cause: repeated });
    expect(causesOf(outer)).toEqual({ causes: ["shop: socket hang up"] });
    expect(causesOf(new MillraceError("INVARIANT", "no", { cause: "a text" }))).toEqual({ causes: ["a text"] });
  });

  test("comes to an end in a ring and in a long chain", () => {
    const ring = new TypeError("a");
    ring.cause = new TypeError("b", { cause: ring });
    expect(causesOf(ring)).toEqual({ causes: ["b"] });
    let chain = new TypeError("0.");
    for (let i = 1; i < 50; i++) chain = new TypeError(`${i}.`, { cause: chain });
    expect(causesOf(chain)).toEqual({ causes: ["48.", "47.", "46.", "45.", "44."] });
  });

  test("says nothing of what has no cause", () => {
    for (const thrown of [null, undefined, "text", new TypeError("alone")]) expect(causesOf(thrown)).toEqual({});
  });
});
