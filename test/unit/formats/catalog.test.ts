import { describe, expect, test } from "vitest";
import { isMillraceError } from "../../../src/core/errors.ts";
import { formatByName } from "../../../src/formats/catalog.ts";

describe("formatByName()", () => {
  test.each(["csv", "jsonl", "pg-copy"])("knows %s", (name) => expect(formatByName(name).name).toBe(name));

  test.each(["json", "text"])("says when %s comes", (name) => {
    expect(() => formatByName(name)).toThrow(expect.toSatisfy((thrown) => isMillraceError(thrown, "NOT_BUILT")));
    expect(() => formatByName(name)).toThrow(/use one of csv, jsonl, pg-copy/);
  });

  test("refuses another name", () => {
    expect(() => formatByName("xml")).toThrow(expect.toSatisfy((thrown) => isMillraceError(thrown, "CONFIG_INVALID")));
  });
});
