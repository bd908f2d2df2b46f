import { describe, expect, it } from "vitest";
import { redact } from "../../../src/core/redact.ts";

describe("redact()", () => {
  it.each([
    ["postgres://etl:s3cret@db:5432/orders", "postgres://etl:***@db:5432/orders"],
    [
      "could not reach postgres://etl:p%40ss:x@db/a and https://u:pw@host/b",
      "could not reach postgres://etl:***@db/a and https://u:***@host/b",
    ],
    ["host=db password=s3cret dbname=x", "host=db password=*** dbname=x"],
    ['{"token": "abc def", "id": 1}', '{"token": ***, "id": 1}'],
    ["api_key='k', secret: s", "api_key=***, secret: ***"],
  ])("takes the secret out of %s", (text, clean) => {
    expect(redact(text)).toBe(clean);
  });

  it.each([
    "postgres://etl@db/orders",
    "https://example.com/a:b@c",
    "bad e-mail",
    "orders.csv:12:3",
    "the password is wrong",
  ])("leaves %s as it is", (text) => expect(redact(text)).toBe(text));

  it("takes a time that grows with the text, whatever is in it", () => {
    // Were it the square, each of these would take minutes.
    for (const part of ["y", "a.", "a:", "://", "a://b:", "token ", "token=", "token='"]) {
      const text = part.repeat(200_000);
      expect(redact(text).length).toBeGreaterThan(0);
    }
  });
});
