import { describe, expect, test } from "vitest";
import { driverUrl } from "../../../src/postgres/driver-url.ts";

describe("driverUrl()", () => {
  test.each([
    ["postgres://etl:a%3Fb@db/shop", false, "postgres://etl:a%3Fb@db/shop"],
    ["postgres://db/shop?sslmode=require", false, "postgres://db/shop?sslmode=verify-full"],
    [
      "postgres://db/shop?sslmode=verify-ca&sslrootcert=/a%20b.pem",
      false,
      "postgres://db/shop?sslmode=verify-full&sslrootcert=%2Fa+b.pem",
    ],
    ["postgres://db/shop?sslmode=no-verify", false, "postgres://db/shop?sslmode=no-verify"],
    ["postgres://db/shop?sslmode=disable", false, "postgres://db/shop?sslmode=disable"],
    [
      "postgres://db/shop?sslmode=require&uselibpqcompat=true",
      false,
      "postgres://db/shop?sslmode=require&uselibpqcompat=true",
    ],
    ["postgres://db/shop?sslmode=disable&options=-c%20a%3Db", true, "postgres://db/shop?options=-c+a%3Db"],
  ])("makes of %s, with ssl said elsewhere: %s", (url, isSaidElsewhere, expected) => {
    expect(driverUrl(url, isSaidElsewhere)).toBe(expected);
  });
});
