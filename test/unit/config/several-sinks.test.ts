import { describe, expect, test } from "vitest";
import { faultOf, readYaml } from "./support.ts";

const job = (sinks: string, more = ""): string =>
  `name: orders\nsource: { type: file, path: orders.csv }\nsinks:\n${sinks}${more}`;

describe("A job with several sinks", () => {
  test("keeps them by their names, in their order", () => {
    const read = readYaml(
      job(
        '  warehouse: { type: postgres, url: "postgres://h/d", table: orders }\n  archive: { type: file, path: a.jsonl }\n',
        "onSinkDown: fail\n",
      ),
    );
    expect(Object.keys(read.sinks)).toEqual(["warehouse", "archive"]);
    expect(read.onSinkDown).toBe("fail");
  });

  test.each([
    [
      '  a: { type: postgres, url: "postgres://h/d", table: t }\n  b: { type: postgres, url: "postgres://h/d", table: t }\n',
      "5:54: sinks.b.table: sinks.a writes into this table too; every sink needs a place of its own",
    ],
    [
      "  a: { type: file, path: a.jsonl }\n  b: { type: file, path: b.out }\n",
      "5:3: sinks.b.format: missing; the path's extension names none of csv, jsonl",
    ],
    [
      "  A b: { type: file, path: a.jsonl }\n",
      '4:3: sinks["A b"]: not a name; expected lower-case letters, digits and dashes, such as orders-eu',
    ],
  ])("%j", (sinks, message) => {
    const told = faultOf(() => readYaml(job(sinks)));
    expect(told.lines).toEqual([`orders.yaml:${message}`]);
    expect(told.code).toBe("CONFIG_INVALID");
  });

  test("needs at least one", () => {
    const text = "name: orders\nsource: { type: file, path: orders.csv }\nsinks: {}\n";
    expect(faultOf(() => readYaml(text)).lines).toEqual(["orders.yaml:3:1: sinks: empty; name at least one sink"]);
  });
});
