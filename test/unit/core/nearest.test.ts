import { expect, test } from "vitest";
import { nearestName } from "../../../src/core/nearest.ts";

const keys = ["type", "path", "format", "compression", "incremental", "password", "transform", "mode", "key"];

test.each([
  ["mdoe", "mode"],
  ["formt", "format"],
  ["transfrom", "transform"],
  ["Path", "path"],
  ["pass", "password"],
  ["keys", "key"],
  ["incrementl", "incremental"],
])("nearestName(%s) is %s", (name, expected) => {
  expect(nearestName(name, keys)).toBe(expected);
});

test.each(["zzz", "destination", "", "x"])("nearestName(%j) makes no guess", (name) => {
  expect(nearestName(name, keys)).toBeUndefined();
});

test("nearestName() takes the first of equals", () => {
  expect(nearestName("cat", ["car", "cap"])).toBe("car");
});
