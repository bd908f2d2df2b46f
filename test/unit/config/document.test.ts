import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../src/config/document.ts";
import { faultOf } from "./support.ts";

const yaml = (text: string) => parseConfig(text, "orders.yaml", "yaml");
const json = (text: string) => parseConfig(text, "orders.json", "json");

describe("parseConfig() of YAML", () => {
  test("gives plain values and remembers where they stand", () => {
    const { config, places } = yaml("name: orders\nsource:\n  path: [a.csv, b.csv]\nempty:\n");
    expect(config).toEqual({ name: "orders", source: { path: ["a.csv", "b.csv"] }, empty: null });
    expect(places.key(["source", "path"])).toEqual({ line: 3, column: 3 });
    expect(places.value(["source", "path", 1])).toEqual({ line: 3, column: 17 });
    expect(places.key(["nowhere"])).toBeUndefined();
  });

  test("keeps whole numbers that JavaScript can hold as numbers and others as bigint", () => {
    expect(yaml("a: 12\nb: 9007199254740991\nc: 9007199254740993\nd: 1.5\n").config).toEqual({
      a: 12,
      b: 9007199254740991,
      c: 9007199254740993n,
      d: 1.5,
    });
  });

  test("follows aliases, and places a repeated part where its alias stands", () => {
    const { config, places } = yaml("a: &pair { x: 1 }\nb: *pair\n");
    expect(config).toEqual({ a: { x: 1 }, b: { x: 1 } });
    expect(places.value(["b"])).toEqual({ line: 2, column: 4 });
  });

  test("takes a key called __proto__ as data", () => {
    const { config } = yaml("__proto__: { polluted: true }\n");
    expect(Object.keys(config as object)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(config)).toBe(Object.prototype);
  });

  test.each([
    ["name: a\n name: b\n", "orders.yaml:1:7: not valid YAML: nested mappings are not allowed in compact mappings"],
    ["a:\n  b: 1\n c: 2\n", "orders.yaml:3:1: not valid YAML: all mapping items must start at the same column"],
    [
      "a: [1, 2\nb: 3\n",
      "orders.yaml:2:1: not valid YAML: flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
    ["a: 'open\n", "orders.yaml:2:1: not valid YAML: missing closing 'quote"],
    ["a: !!thing 1\n", "orders.yaml:1:4: not valid YAML: unresolved tag: tag:yaml.org,2002:thing"],
    [
      "a: 1\n---\nb: 2\n",
      "orders.yaml:2:1: not valid here: a file holds one document, and this one has a second after ---",
    ],
    ["a: 1\nb: 2\na: 3\n", "orders.yaml:3:1: a: this key is given twice; the first is on line 1"],
    ["a: &loop\n  b: *loop\n", "orders.yaml:2:6: a.b: the alias *loop contains itself; write out what is meant"],
    ["a: *nothing\n", "orders.yaml:1:4: a: the alias *nothing has no anchor before it"],
    ["[1, 2]: 3\n", "orders.yaml:1:1: a key has to be a plain word, not a list, an object or an alias"],
    [
      "sink: { url: ${DATABASE_URL}, table: t }\n",
      'orders.yaml:1:15: not valid YAML: unexpected flow-map-start at node end; write "${NAME}" in quotes inside { } and [ ]',
    ],
  ])("says of %j what is wrong", (text, message) => {
    const { code, lines } = faultOf(() => yaml(text));
    expect(code).toBe("CONFIG_INVALID");
    expect(lines).toEqual([message]);
  });

  test("stops at aliases that multiply", () => {
    const list = (name: string, item: string) =>
      `${name}: &${name} [${Array.from({ length: 12 }, () => item).join(", ")}]\n`;
    const text =
      list("a", "1") + list("b", "*a") + list("c", "*b") + list("d", "*c") + list("e", "*d") + list("f", "*e");
    const { lines } = faultOf(() => yaml(text));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^orders\.yaml:\d+:\d+: .*: the aliases expand to more than 100000 values$/);
  });
});

describe("parseConfig() of JSON", () => {
  test("takes tabs, escapes and a byte order mark", () => {
    expect(json('\uFEFF{\n\t"a": "\\ud83d\\ude00 \\/",\n\t"b": [1, null]\n}').config).toEqual({
      a: "😀 /",
      b: [1, null],
    });
  });

  test.each([
    ['{\n  "a": 1,\n}', "orders.json:3:1: not valid JSON: Expected double-quoted property name"],
    ['{ "a": secret }', "orders.json:1:8: not valid JSON: Unexpected token 's'"],
    ['{ "a": "password", "b": tru }', "orders.json:1:28: not valid JSON: Unexpected token ' '"],
    ['{ "a": "open', "orders.json:1:13: not valid JSON: Unterminated string"],
    ['{ "a": }', "orders.json:1:8: not valid JSON: Unexpected token '}'"],
    ['{ "a": 1', "orders.json:1:9: not valid JSON: Expected ',' or '}' after property value"],
    ["", "orders.json:1:1: not valid JSON: Unexpected end of JSON input"],
    ['{ "a": 1, "a": 2 }', "orders.json:1:11: a: this key is given twice; the first is on line 1"],
    ["{ a: 1 }", "orders.json:1:3: not valid JSON: Expected property name or '}'"],
  ])("says of %j what is wrong", (text, message) => {
    expect(faultOf(() => json(text)).lines).toEqual([message]);
  });
});
