import { describe, expect, test } from "vitest";
import { encodeRaw, rejectToJson } from "../../../src/core/reject.ts";
import { rejectOf } from "../../support/deliveries.ts";

/** Bytes in shared memory, some way into it. */
function shared(bytes: Uint8Array): Uint8Array {
  const memory = new Uint8Array(new SharedArrayBuffer(bytes.length + 5));
  memory.set(bytes, 5);
  return memory.subarray(5);
}

describe("encodeRaw()", () => {
  test.each(["", "1,x", "ü€😀", "\uFEFF1", "tab\tand\r\nline"])("keeps text as it is: %j", (text) => {
    expect(encodeRaw(shared(Buffer.from(text)))).toEqual({ raw: text, rawEncoding: "utf8" });
  });

  test.each([
    ["bytes that are no UTF-8", [0x61, 0xff]],
    ["a cut character", [0xe2, 0x82]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["NUL, which not every store can hold", [0x61, 0x00]],
  ])("encodes %s", (_what, bytes) => {
    expect(encodeRaw(shared(Uint8Array.from(bytes)))).toEqual({
      raw: Buffer.from(bytes).toString("base64"),
      rawEncoding: "base64",
    });
  });
});

describe("rejectToJson()", () => {
  test("writes the keys of the contract, the place first, the ordinal as a number", () => {
    const json = rejectToJson(rejectOf("a.csv", 7n, { line: 8, sink: "sink", output: 1 }));
    expect(JSON.parse(json)).toEqual({
      job: "orders",
      run: "run-1",
      scope: "run-1",
      split: "a.csv",
      position: { ordinal: 7, token: "70" },
      line: 8,
      stage: "decode",
      sink: "sink",
      output: 1,
      code: "VALUE_INVALID",
      message: "bad",
      raw: "raw",
      rawEncoding: "utf8",
      attempts: 1,
      at: "2026-01-01T00:00:00.000Z",
    });
    expect(Object.keys(JSON.parse(json) as object).slice(0, 5)).toEqual(["job", "run", "scope", "split", "position"]);
  });
});
