import { describe, expect, test } from "vitest";
import { formatBytes, formatDuration, parseBytes, parseDuration } from "../../../src/core/quantity.ts";

describe("parseBytes()", () => {
  test.each([
    ["0", 0],
    [12, 12],
    ["12", 12],
    ["12B", 12],
    ["1kB", 1000],
    ["2MB", 2_000_000],
    ["1GB", 1e9],
    ["64KiB", 65_536],
    ["1.5MiB", 1_572_864],
    [" 1 GiB ", 1_073_741_824],
  ])("takes %j as %d", (size, bytes) => {
    expect(parseBytes(size)).toBe(bytes);
  });

  test.each(["", "KiB", "1 XB", "-1", "1e3", "1kib", "99999999999GiB", "0x10", -1, 1.5e300, Number.NaN, "1toString"])(
    "refuses %j and says what is allowed",
    (size) => {
      expect(() => parseBytes(size)).toThrow(
        `expected a number of bytes, or one with B, kB, MB, GB, KiB, MiB or GiB (64KiB), got ${JSON.stringify(size)}`,
      );
    },
  );
});

describe("parseDuration()", () => {
  test.each([
    [250, 250],
    ["500ms", 500],
    ["10s", 10_000],
    ["5m", 300_000],
    ["1.5h", 5_400_000],
    ["30d", 2_592_000_000],
  ])("takes %j as %d ms", (duration, milliseconds) => {
    expect(parseDuration(duration)).toBe(milliseconds);
  });

  test("refuses a unit it does not know with CONFIG_INVALID", () => {
    expect(() => parseDuration("3w")).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        message: 'expected a number of milliseconds, or one with ms, s, m, h or d (500ms, 10s), got "3w"',
      }),
    );
  });
});

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1 KiB"],
  [1_288_490_189, "1.2 GiB"],
  [104_857_600, "100 MiB"],
])("formatBytes(%d) is %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0, "0 ms"],
  [12, "12 ms"],
  [981, "0.98 s"],
  [1000, "1 s"],
  [9_990, "9.99 s"],
  [59_400, "59 s"],
  [150_000, "2 m 30 s"],
  [3_600_000, "1 h"],
  [5_400_000, "1 h 30 m"],
  [90_000_000, "1 d 1 h"],
])("formatDuration(%d) is %s", (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
});
