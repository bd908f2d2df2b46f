import { describe, expect, test } from "vitest";
import { OutputColumns } from "../../../src/formats/output-fields.ts";

const taken = (columns: OutputColumns, output: object) => {
  columns.take({ ...output });
  return [...columns.values];
};

describe("OutputColumns.take()", () => {
  test("puts the values into the order of the columns, also of later outputs with other keys", () => {
    const columns = new OutputColumns(["a", "b", "c"], "error");
    expect(taken(columns, { c: 3, a: 1, b: 2 })).toEqual([1, 2, 3]);
    expect(taken(columns, { c: 6, a: 4, b: 5 })).toEqual([4, 5, 6]);
    expect(taken(columns, { c: 9, a: 7 })).toEqual([7, undefined, 9]);
    expect(taken(columns, { c: 3, a: 1, b: 2 })).toEqual([1, 2, 3]);
    expect(taken(columns, {})).toEqual([undefined, undefined, undefined]);
  });

  test("refuses a field that is no column, also behind known ones", () => {
    const columns = new OutputColumns(["a"], "error");
    columns.take({ a: 1 });
    expect(() => columns.take({ a: 1, b: 2 })).toThrow('field "b" is no column');
    expect(taken(columns, { a: 2, b: undefined })).toEqual([2]);
    expect(() => columns.take({ a: 1, b: 2 })).toThrow('field "b" is no column');
  });

  test("ignores such a field without reading it", () => {
    const columns = new OutputColumns(["a", "c"], "ignore");
    const output = (a: number) => ({
      a,
      get b(): number {
        throw new TypeError("read");
      },
      c: 3,
    });
    for (const a of [1, 2]) {
      columns.take(output(a));
      expect(columns.values).toEqual([a, 3]);
    }
  });

  test("reads fields that an output's class gives it", () => {
    class Order {
      [field: string]: unknown;
      id = 1;
      get total(): number {
        return this.id * 10;
      }
    }
    const columns = new OutputColumns(["id", "total"], "error");
    for (const id of [1, 2]) {
      columns.take(Object.assign(new Order(), { id }));
      expect(columns.values).toEqual([id, id * 10]);
    }
  });

  test("tells own fields from what every object inherits", () => {
    const columns = new OutputColumns(["constructor", "a"], "error");
    for (const round of [1, 2]) {
      expect(taken(columns, { constructor: round, a: 1 })).toEqual([round, 1]);
      expect(taken(columns, { a: 2 })).toEqual([undefined, 2]);
    }
  });

  test("keeps the values of a name that stands twice among the columns", () => {
    const columns = new OutputColumns(["a", "a"], "error");
    for (const a of [1, 2]) expect(taken(columns, { a })).toEqual([a, a]);
  });
});
