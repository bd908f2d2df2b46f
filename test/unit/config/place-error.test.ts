import { expect, test } from "vitest";
import { placeError } from "../../../src/config/place-error.ts";
import { type ErrorCode, MillraceError } from "../../../src/core/errors.ts";
import { minimal, readYaml } from "./support.ts";

const job = readYaml(`${minimal}columns: { "a.b": int, c: int }\n`);
const placed = (message: string, code: ErrorCode = "SOURCE_NOT_FOUND") =>
  (placeError(new MillraceError(code, message), job) as MillraceError).message;

test.each([
  [
    "source.path: no file matches orders.csv\n  did you mean order.csv?",
    "2:29: source.path: no file matches orders.csv\n  did you mean order.csv?",
  ],
  ["source.format: missing", "2:9: source.format: missing"],
  ["columns.a.b: no such column", "4:19: columns.a.b: no such column"],
  ["columns.zzz: no such column", "4:10: columns.zzz: no such column"],
  ["sink: refused", "3:7: sink: refused"],
])("placeError() finds the place of %j", (message, expected) => {
  expect(placed(message)).toBe(`orders.yaml:${expected}`);
});

test("placeError() finds a sink with a name of its own", () => {
  const named = readYaml(minimal.replace(/sink: (.*)/, "sinks:\n  archive: $1"));
  const error = placeError(new MillraceError("SINK_REFUSED", "sink.path: no folder", { fault: "usage" }), named);
  expect((error as MillraceError).message).toBe("orders.yaml:4:32: sink.path: no folder");
});

test("placeError() keeps code, fault and details, and the error itself as cause", () => {
  const error = new MillraceError("HEADER_INVALID", "source.path: bad header", { details: { line: 1 } });
  expect(placeError(error, job)).toMatchObject({
    code: "HEADER_INVALID",
    fault: "usage",
    cause: error,
    details: {
      line: 1,
      problems: [{ code: "HEADER_INVALID", file: "orders.yaml", line: 2, column: 29, path: "source.path" }],
    },
  });
});

test("placeError() leaves alone what names no key, is no fault of the config, or has its place", () => {
  const leave = (error: unknown) => expect(placeError(error, job)).toBe(error);
  leave(new MillraceError("SOURCE_NOT_FOUND", "no file"));
  leave(new MillraceError("SINK_FAILED", "sink.path: gone"));
  leave(new MillraceError("CONFIG_INVALID", "source.path: x", { details: { problems: [] } }));
  leave(new TypeError("source.path: x"));
});
