import * as fc from "fast-check";
import { expect, test } from "vitest";
import { UrlTemplate } from "../../../../../src/connectors/http/sink/url-template.ts";
import { isMillraceError } from "../../../../../src/core/errors.ts";

test("UrlTemplate: what a field holds comes out again where it stands, or its record is refused", () => {
  const template = new UrlTemplate("https://etl:pw@api.example.com/v1/{a}/x-{b}.json?q={a}&r=1{c}#part");
  expect(template.fields).toEqual(["a", "b", "c"]);
  expect(template.shown).toBe("https://api.example.com/v1/{a}/x-{b}.json");
  const wild = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.string(),
    fc.constantFrom("..", ".", "", "%2e%2e", "/../", "\\..\\", "?", "#", "//evil.example", "a\tb\n", "@", "%", "{a}"),
  );
  fc.assert(
    fc.property(wild, wild, wild, (a, b, c) => {
      const texts = { a, b, c };
      let url: URL;
      try {
        url = template.fill((field) => texts[field as keyof typeof texts]);
      } catch (thrown) {
        expect(isMillraceError(thrown, "VALUE_INVALID")).toBe(true);
        expect(["", ".", ".."].includes(a) || b === "").toBe(true);
        return;
      }
      expect(url.origin).toBe("https://api.example.com");
      const segments = url.pathname.split("/").map(decodeURIComponent);
      expect(segments).toEqual(["", "v1", a, `x-${b}.json`]);
      const query = url.search
        .slice(1)
        .split("&")
        .map((pair) => pair.slice(2));
      expect(query.map(decodeURIComponent)).toEqual([a, `1${c}`]);
    }),
    { numRuns: 500 },
  );
});

test.each(["https://api.example.com", "https://api.example.com/?a=1"])("UrlTemplate: %s is an address", (text) => {
  expect(new UrlTemplate(text).fill(() => null).href).toBe(new URL(text).href);
});

test("UrlTemplate: a part of the path that becomes a step is refused, however its other part is written", () => {
  for (const text of ["https://a.example/%2e{v}/b", "https://a.example/.{v}/b", "https://a.example/{v}{v}/b"]) {
    expect(() => new UrlTemplate(text).fill(() => ".")).toThrow("field v makes a step");
  }
});
