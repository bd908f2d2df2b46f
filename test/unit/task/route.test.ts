import { describe, expect, test } from "vitest";
import type { Outcome } from "../../../src/task/outcome.ts";
import { type Route, router } from "../../../src/task/route.ts";

const outputs = (...list: unknown[]): Outcome => ({ kind: "outputs", outputs: list });
const send = (route: Route, outcome: Outcome = outputs("x")): Outcome =>
  router(route, "/jobs/orders.ts", ["warehouse", "archive"])(outcome);

describe("router()", () => {
  test("sends each output of a record its own way", () => {
    const ways: { readonly [output: string]: unknown } = { a: "archive", b: ["warehouse", "archive"], c: null, d: [] };
    expect(send((output) => ways[String(output)], outputs("a", "b", "c", "d"))).toEqual({
      kind: "outputs",
      outputs: ["a", "b", "c", "d"],
      routes: [["archive"], ["warehouse", "archive"], [], []],
    });
  });

  test("is not asked about what has no outputs", () => {
    const filtered: Outcome = { kind: "filtered" };
    expect(send(() => expect.unreachable(), filtered)).toBe(filtered);
  });

  test("does not keep an array that the user may change", () => {
    const shared = ["archive"];
    const outcome = send(() => shared);
    shared[0] = "warehouse";
    expect(outcome).toMatchObject({ routes: [["archive"]] });
  });

  test.each<[unknown, string, string]>([
    [
      "warehose",
      "ROUTE_UNKNOWN",
      'route: there is no sink "warehose"; the job\'s sinks are warehouse, archive (nearest: warehouse)',
    ],
    [
      ["archive", "elsewhere\n"],
      "ROUTE_UNKNOWN",
      'route: there is no sink "elsewhere\\n"; the job\'s sinks are warehouse, archive',
    ],
    [
      undefined,
      "TRANSFORM_NO_RESULT",
      "route returned nothing; return a sink's name, an array of names, or null for none",
    ],
    [
      7,
      "TRANSFORM_FAILED",
      "route returned a value of type number; return a sink's name, an array of names, or null for none",
    ],
    [
      ["archive", null],
      "TRANSFORM_FAILED",
      "route returned an array with null in it; return a sink's name, an array of names, or null for none",
    ],
  ])("rejects the whole record for %j", (returned, code, message) => {
    let asked = 0;
    const outcome = send(() => (asked++ === 0 ? "archive" : returned), outputs("good", "bad"));
    expect(outcome).toEqual({ kind: "rejected", stage: "transform", code, message });
  });

  test("rejects a record whose route is asynchronous, and lets its promise go", () => {
    expect(send(() => Promise.reject(new RangeError("late")))).toEqual({
      kind: "rejected",
      stage: "transform",
      code: "TRANSFORM_FAILED",
      message:
        "route returned a promise, but it must be synchronous; return a sink's name, an array of names, or null for none",
    });
  });

  test("rejects a record whose route throws", () => {
    const failing: Route = () => {
      throw new TypeError("no such field");
    };
    expect(send(failing)).toMatchObject({ kind: "rejected", code: "TRANSFORM_FAILED" });
    expect(send(failing)).toMatchObject({ message: expect.stringContaining("route: no such field") });
  });
});
