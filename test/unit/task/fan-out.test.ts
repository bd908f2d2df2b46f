import { describe, expect, test } from "vitest";
import { MillraceError } from "../../../src/core/errors.ts";
import type { EncodeSpec, Format, RowForm } from "../../../src/core/ports/format.ts";
import type { Task, TaskOutput } from "../../../src/core/task.ts";
import { formatByName } from "../../../src/formats/catalog.ts";
import { FanOut } from "../../../src/task/fan-out.ts";
import { NO_SOURCE } from "../../../src/task/no-source.ts";
import type { Outputs } from "../../../src/task/outcome.ts";

const SINKS = ["warehouse", "archive", "dead"];
const jsonl = { format: "jsonl", options: {}, columns: null, needsColumns: false, onUnknownField: "error" } as const;
const csv = { ...jsonl, format: "csv", needsColumns: true } as const;

/** A chunk's worth of memory for each sink that is named. */
const lent = (...needed: string[]): Pick<Task, "out" | "columns"> => ({
  out: SINKS.map((sink) => (needed.includes(sink) ? new SharedArrayBuffer(64) : null)),
  columns: {},
});

function fanOut(change: { readonly [sink: string]: Omit<EncodeSpec, "sink"> } = {}): FanOut {
  return new FanOut(
    SINKS.map((sink) => ({ ...jsonl, ...change[sink], sink })),
    formatByName,
  );
}

/** Rows of a byte, in the form that the output says; null is refused. */
const twoForms: Format = {
  ...formatByName("jsonl"),
  encoder() {
    let form: RowForm = 0;
    return {
      head: new Uint8Array(0),
      get form() {
        return form;
      },
      encode(output, _source, to) {
        to.reserve(1);
        to.length++;
        form = output === 1 ? 1 : 0;
        if (output === null) throw new MillraceError("VALUE_INVALID", "null");
      },
    };
  },
};

const counts = (outputs: readonly TaskOutput[]) =>
  Object.fromEntries(outputs.map(({ sink, rows, filtered }) => [sink, { rows, filtered }]));

describe("FanOut", () => {
  test("encodes for the sinks that need the chunk only", () => {
    const sinks = fanOut();
    sinks.begin(lent("warehouse", "dead"));
    sinks.write({ outputs: [{ a: 1 }] }, NO_SOURCE, 0);
    sinks.filter();
    expect(counts(sinks.outputs([]))).toEqual({
      warehouse: { rows: 1, filtered: 1 },
      dead: { rows: 1, filtered: 1 },
    });
    sinks.begin(lent("archive"));
    expect(counts(sinks.outputs([]))).toEqual({ archive: { rows: 0, filtered: 0 } });
  });

  test("counts a record as filtered for the sinks that get none of its outputs", () => {
    const sinks = fanOut();
    sinks.begin(lent(...SINKS));
    sinks.write({ outputs: [{ a: 1 }, { a: 2 }], routes: [["warehouse"], ["warehouse", "archive"]] }, NO_SOURCE, 0);
    sinks.write({ outputs: [{ a: 3 }], routes: [[]] }, NO_SOURCE, 1);
    expect(counts(sinks.outputs([]))).toEqual({
      warehouse: { rows: 2, filtered: 1 },
      archive: { rows: 1, filtered: 1 },
      dead: { rows: 0, filtered: 2 },
    });
  });

  test("takes a refused record back from that sink alone, and names the output among those it was given", () => {
    const circle: { [field: string]: unknown } = {};
    circle["self"] = circle;
    const outputs: Outputs = {
      outputs: [{ a: 1 }, { a: 2 }, circle],
      routes: [["archive"], ["warehouse", "archive"], ["warehouse"]],
    };
    const sinks = fanOut();
    sinks.begin(lent("warehouse", "archive"));
    const refusals = sinks.write(outputs, NO_SOURCE, 0);
    expect(refusals).toMatchObject([{ sink: "warehouse", output: 1, code: "JSON_TOO_DEEP" }]);
    expect(counts(sinks.outputs([]))).toEqual({
      warehouse: { rows: 0, filtered: 0 },
      archive: { rows: 2, filtered: 0 },
    });
  });

  test("says where the form of a sink's rows changes, also behind rows that were taken back", () => {
    const sinks = new FanOut([{ ...jsonl, sink: "warehouse" }], () => twoForms);
    sinks.begin(lent("warehouse"));
    const forms = [[0], [1, 1], [0, 1, null], [null], [1], [0], [0, 1]];
    for (const [record, outputs] of forms.entries()) sinks.write({ outputs }, NO_SOURCE, record);
    const index = sinks.index.map((array) => [...array]);
    expect(index.slice(0, 3)).toEqual([
      [1, 2, 3, 4, 5, 6, 7],
      [0, 1, 1, 4, 5, 6, 6],
      [1, 4, 6],
    ]);
    const slices = index.map(({ length }) => ({ from: 0, length }));
    expect(sinks.outputs(slices)).toMatchObject([{ rows: 7, turns: { length: 3 } }]);
    sinks.begin(lent("warehouse"));
    sinks.write({ outputs: [0] }, NO_SOURCE, 0);
    expect(sinks.index[2]).toHaveLength(0);
  });

  test("finds each sink's columns in what goes there; one that gets nothing waits for its first row", () => {
    const sinks = fanOut({ warehouse: csv, archive: csv, dead: csv });
    sinks.begin(lent(...SINKS));
    expect(sinks.ready).toBe(false);
    const outcome = { kind: "outputs", outputs: [{ a: 1 }, { b: 2 }], routes: [["warehouse"], ["archive"]] } as const;
    sinks.findColumns([outcome]);
    sinks.write(outcome, NO_SOURCE, 0);
    expect(sinks.columns).toEqual({ warehouse: ["a"], archive: ["b"] });
    expect(counts(sinks.outputs([]))).toMatchObject({
      warehouse: { rows: 1 },
      archive: { rows: 1 },
      dead: { rows: 0 },
    });
  });
});
