import { describe, expect, test } from "vitest";
import { isMillraceError } from "../../../src/core/errors.ts";
import { formatByName } from "../../../src/formats/catalog.ts";

describe("formatByName()", () => {
  test.each(["csv", "jsonl", "json", "text", "bytes", "pg-copy"])("knows %s", (name) =>
    expect(formatByName(name).name).toBe(name),
  );

  test("refuses another name", () => {
    expect(() => formatByName("xml")).toThrow(expect.toSatisfy((thrown) => isMillraceError(thrown, "CONFIG_INVALID")));
  });
});
