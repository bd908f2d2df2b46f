import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type JsonPlace, searchJson } from "../../src/connectors/http/source/json-search.ts";

/** Documents of a test; JSON_SEARCH_SEED repeats a run. */
const numRuns = Number(process.env["JSON_SEARCH_RUNS"] ?? 1_000);
const seed = Number(process.env["JSON_SEARCH_SEED"] ?? 20_261_123);

/** Bytes that change what a text is. */
const BYTES = ["{", "}", "[", "]", ",", ":", '"', "\\", " ", "0", "e", "-", "t", "x", "\n", "\u0001"] as const;
const NAMES = ["a", "b", "data", "", "é", 'q"', "a/b", "~", "0", "1", "__proto__", "toString"] as const;

/** Mostly one of two, so that objects have names twice and ways lead somewhere. */
const aName = fc.oneof({ weight: 4, arbitrary: fc.constantFrom("a", "b") }, fc.constantFrom(...NAMES));

/** A name as some writer would put it: its characters escaped or not. */
const nameText = fc.tuple(aName, fc.array(fc.boolean(), { minLength: 9, maxLength: 9 })).map(
  ([name, escapes]) =>
    `"${Array.from(name, (character, index) => {
      const code = character.charCodeAt(0).toString(16).padStart(4, "0");
      return escapes[index] === true ? `\\u${code}` : JSON.stringify(character).slice(1, -1);
    }).join("")}"`,
);
const blanks = fc.constantFrom("", "", " ", "\n", "\t\r\n ");
const scalar = fc.oneof(
  fc.constantFrom("null", "true", "false", "0", "-1", "12345678901234567890", "1.50", "-0.1e+7", "1E5", '""'),
  fc.string({ unit: "grapheme" }).map((text) => JSON.stringify(text)),
  fc.constantFrom('"\\u00e9\\n"', '"]}"', '"\\\\"', '"\\""', '"[{,"'),
);

/** Documents as texts; objects may have a name twice. */
const { value: document } = fc.letrec<{ value: string; padded: string }>((tie) => ({
  padded: fc.tuple(blanks, tie("value"), blanks).map((parts) => parts.join("")),
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    scalar,
    fc.array(tie("padded"), { maxLength: 4 }).map((items) => `[${items.length === 0 ? " " : items.join(",")}]`),
    fc
      .array(fc.tuple(blanks, nameText, blanks, tie("padded")), { maxLength: 4 })
      .map(
        (members) =>
          `{${members.map(([before, name, behind, value]) => `${before}${name}${behind}:${value}`).join(",")}}`,
      ),
  ),
}));
const wishes = fc.array(fc.array(aName, { maxLength: 3 }), { minLength: 1, maxLength: 3 });

/** What JSON.parse and a walk over its result find. */
function valueAt(root: unknown, steps: readonly string[]): { readonly value: unknown } | undefined {
  let at = root;
  for (const step of steps) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step) || (Array.isArray(at) && step === "length")) {
      return undefined;
    }
    at = (at as Record<string, unknown>)[step];
  }
  return { value: at };
}

function textsOf(bytes: Buffer, { elements }: JsonPlace): unknown[] | undefined {
  if (elements === undefined) return undefined;
  return Array.from({ length: elements.length / 2 }, (_, index) =>
    JSON.parse(bytes.toString("utf8", elements[2 * index], elements[2 * index + 1])),
  );
}

function search(bytes: Buffer, steps: readonly (readonly string[])[]) {
  return searchJson(
    bytes,
    steps.map((way) => ({ steps: way, elements: true })),
  );
}

function expectAsParsed(bytes: Buffer, steps: readonly (readonly string[])[]): void {
  const found = search(bytes, steps);
  const root: unknown = JSON.parse(bytes.toString("utf8"));
  expect(found.kind).toBe("found");
  if (found.kind !== "found") return;
  for (const [index, way] of steps.entries()) {
    const place = found.places[index];
    const expected = valueAt(root, way);
    expect(place === undefined).toBe(expected === undefined);
    if (place === undefined || expected === undefined) continue;
    expect(JSON.parse(bytes.toString("utf8", place.begin, place.end))).toEqual(expected.value);
    expect(textsOf(bytes, place)).toEqual(Array.isArray(expected.value) ? expected.value : undefined);
  }
}

describe("searchJson()", () => {
  test("finds in bytes what JSON.parse and a walk over its result find", () => {
    fc.assert(
      fc.property(document, wishes, blanks, (text, steps, blank) => {
        expectAsParsed(Buffer.from(blank + text + blank), steps);
      }),
      { numRuns, seed },
    );
  });

  test("tells bytes that were cut from bytes that are no JSON, wherever they are cut", () => {
    fc.assert(
      fc.property(document, wishes, (text, steps) => {
        const bytes = Buffer.from(text);
        for (let end = 0; end < bytes.length; end++) {
          const part = bytes.subarray(0, end);
          if (isJson(part)) expectAsParsed(part, steps);
          else expect([end, search(part, steps).kind]).toEqual([end, "cut"]);
        }
      }),
      { numRuns: Math.ceil(numRuns / 20), seed },
    );
  });

  test("takes what JSON.parse takes, whichever byte is another", () => {
    fc.assert(
      fc.property(document, wishes, fc.nat(), fc.constantFrom(...BYTES), (text, steps, at, byte) => {
        const bytes = Buffer.from(text);
        bytes[at % Math.max(1, bytes.length)] = byte.charCodeAt(0);
        if (isJson(bytes)) expectAsParsed(bytes, steps);
        else expect(() => search(bytes, steps)).not.toThrow();
      }),
      { numRuns: Math.ceil(numRuns / 3), seed },
    );
  });

  test("stops at the byte behind which no JSON can follow", () => {
    const stop = (text: string) => searchJson(Buffer.from(text), [{ steps: ["a"] }]);
    expect(stop("<html>")).toEqual({ kind: "invalid", at: 0 });
    expect(stop('{"a": 1} {')).toEqual({ kind: "invalid", at: 9 });
    expect(stop('{"a" 1}')).toEqual({ kind: "invalid", at: 5 });
    expect(stop('{"b": [1}')).toEqual({ kind: "invalid", at: 8 });
    expect(stop('{"b": "x\ny"}')).toEqual({ kind: "invalid", at: 8 });
    expect(stop('{"a": tru}')).toEqual({ kind: "invalid", at: 6 });
    expect(stop(`{"b": ${"[".repeat(100_000)}${"]".repeat(100_000)}, "a": 1}`).kind).toBe("found");
  });
});

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString("utf8"));
    return true;
  } catch {
    return false;
  }
}
