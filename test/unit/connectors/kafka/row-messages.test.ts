import { describe, expect, test } from "vitest";
import { shareFrom } from "../../../../src/actors/chunk-share.ts";
import { attachedFields, type MessageShape, messagesOf } from "../../../../src/connectors/kafka/row-messages.ts";
import { rowsOf, withoutAttached, withoutRecords } from "../../../../src/core/output-rows.ts";
import type { SinkOutput } from "../../../../src/core/result.ts";
import type { TaskOutput } from "../../../../src/core/task.ts";
import { GrowingBytes } from "../../../../src/formats/growing-bytes.ts";
import { noSource } from "../../../../src/streams/no-source.ts";
import { AttachedTexts } from "../../../../src/task/attached-texts.ts";
import { TestThread } from "../../../support/run-chunk.ts";

const shape: MessageShape = {
  hasKey: true,
  fieldHeaders: ["of"],
  constantHeaders: { origin: "test" },
  lines: true,
};

/** Rows with two fields before each: `key|header|row`, `-` for null. */
function outputOf(...rows: readonly string[]): SinkOutput {
  const parts = rows.map((row) => row.split("|"));
  const texts = parts.map((fields) => fields.map((text) => (text === "-" ? "" : text)));
  let end = 0;
  return {
    sink: "sink",
    bytes: Buffer.from(texts.flat().join("")),
    rows: rows.length,
    rowEnds: Int32Array.from(texts, (row) => (end += row.join("").length)),
    recordOfRow: Int32Array.from(rows.keys()),
    filtered: 0,
    attached: {
      fields: 2,
      lengths: Int32Array.from(parts.flatMap(([key = "", header = ""]) => [key, header].map(lengthOf))),
    },
  };
}

const lengthOf = (text: string): number => (text === "-" ? -1 : text.length);

/** `key|header|value`, as above. */
function shown(output: SinkOutput): string[] {
  return messagesOf(output, shape).map(({ key, value, headers }) => {
    expect(headers["origin"]).toBe("test");
    return [key, headers["of"], value]
      .map((bytes) => (bytes === null || bytes === undefined ? "-" : String(bytes)))
      .join("|");
  });
}

describe("messagesOf()", () => {
  test("takes key and headers from before the row, and leaves the line end out", () => {
    expect(shown(outputOf("k1|h1|a\n", "-|h2|b\r\n", "|-|\n", "k|h|no end"))).toEqual([
      "k1|h1|a",
      "-|h2|b",
      "|-|",
      "k|h|no end",
    ]);
  });

  test("knows them of what is left of an output", () => {
    const output = outputOf("k0|h0|a\n", "k1|-|b\n", "-|h2|c\n");
    expect(shown(withoutRecords(output, new Set([0])))).toEqual(["k1|-|b", "-|h2|c"]);
    expect(shown(shareFrom({ output, rejects: [], read: 3 }, 2).output)).toEqual(["-|h2|c"]);
  });

  test("leaves them out of what others read as rows", () => {
    const output = outputOf("k0|h0|a\n", "-|h1|bb\n", "k2||\n");
    const expected = ["a\n", "bb\n", "\n"];
    expect(rowsOf(output).map(String)).toEqual(expected);
    const plain = withoutAttached(output);
    expect([String(plain.bytes), plain.attached, [...plain.rowEnds]]).toEqual([
      expected.join(""),
      undefined,
      [2, 5, 6],
    ]);
    expect(withoutAttached(plain)).toBe(plain);
  });

  test("needs no fields before rows of a sink without key and headers", () => {
    const { attached: _attached, ...output } = outputOf("||a\n");
    const [message] = messagesOf(output, { hasKey: false, fieldHeaders: [], constantHeaders: {}, lines: false });
    expect([message?.key, String(message?.value)]).toEqual([null, "a\n"]);
  });
});

describe("The texts before a row", () => {
  /** What a thread made of a line of CSV `id,name`. */
  async function texts(line: string, fields: readonly string[], transform?: string): Promise<string[]> {
    const { reply, rows } = await new TestThread({
      ...(transform === undefined ? {} : { transform }),
      columns: { id: { type: "bigint" } },
      sinks: [{ sink: "sink", attached: fields }],
    }).run(line);
    const { attached, rowEnds } = reply.outputs[0] as TaskOutput;
    expect([attached?.fields, attached?.lengths.length]).toEqual([fields.length, fields.length * rowEnds.length]);
    return (rows["sink"] ?? []).map(([, row]) => row);
  }

  test("are those of the fields, as CSV shows them; null and what is not there are nothing", async () => {
    expect(await texts('12345678901234567890,"say ""hi"""\n', ["name", "id", "other"])).toEqual([
      'say "hi"12345678901234567890{"id":12345678901234567890,"name":"say \\"hi\\""}\n',
    ]);
  });

  test("are forgotten with the rows that are taken back", () => {
    const rows = new GrowingBytes(new SharedArrayBuffer(0));
    const texts = new AttachedTexts(["key", "of"]);
    texts.begin();
    texts.put({ key: "a", of: Buffer.from([255]) }, noSource, rows);
    texts.put({ key: "gone", of: "gone" }, noSource, rows);
    texts.keepRows(1);
    rows.length = 2;
    texts.put({ key: 7, of: null }, noSource, rows);
    expect([...texts.lengths.view()]).toEqual([1, 1, 1, -1]);
    expect(rows.bytes.subarray(0, rows.length)).toEqual(Buffer.from([97, 255, 55]));
    expect(() => texts.put({ key: "\ud800" }, noSource, rows)).toThrow(
      expect.objectContaining({ code: "VALUE_INVALID" }),
    );
  });
});

test("attachedFields() are the key's and those of the headers, in their order", () => {
  expect(attachedFields("id", { a: "text", b: { field: "x" }, c: { field: "y" } })).toEqual(["id", "x", "y"]);
  expect(attachedFields(undefined, { a: "text" })).toEqual([]);
});
