import { describe, expect, test } from "vitest";
import type { DecodeSpec } from "../../../src/core/ports/format.ts";
import { formatByName } from "../../../src/formats/catalog.ts";
import { headOf } from "../../../src/pipeline/head-scan.ts";
import { FakeHttpClient } from "../connectors/http/source/fake-http-client.ts";
import { bind } from "../connectors/http/source/support.ts";
import { MemorySource } from "../../support/memory-source.ts";

const never = new AbortController().signal;
/** Records with everything around them that is none. */
const TEXTS = {
  csv: '1,"a\nb"\n\n\n2,"c"\r\n3,d\n\n4,e',
  jsonl: '{"n":1}\n\n{"n":2}\n  \n{"n":3}\n{"n":4}\n',
  json: '{"n":1} ,\n\n {"n":[2,"]"]}, {"n":3}\n,{"n":4} ] \n',
  text: "one\n\ntwo\r\nthree\nfour",
};
type Name = keyof typeof TEXTS;

function specOf(format: Name): DecodeSpec {
  return { format, options: format === "csv" ? { header: ["n", "x"] } : {}, columns: {}, maxRecordBytes: 1024 };
}

/** The records from an offset on, as a resumed run would have them. */
function recordsFrom(format: Name, offset: number): readonly string[] {
  const bytes = Buffer.from(TEXTS[format]).subarray(offset);
  const fields = format === "csv" ? { fields: ["n", "x"] } : {};
  const batch = formatByName(format)
    .decoder(specOf(format))
    .decode({ bytes, final: true, truncated: false, ...fields });
  return Array.from({ length: batch.count }, (_, record) => JSON.stringify(batch.read(record)));
}

async function headAt(format: Name, records: number) {
  const source = new MemorySource({ in: TEXTS[format] }, { piece: 7, ...(format === "csv" && { fields: ["n", "x"] }) });
  const [split] = source.splits;
  if (split === undefined) throw new TypeError("one split was expected");
  const options = { format: formatByName(format), decode: specOf(format), signal: never };
  return headOf(source, split, records, options);
}

describe("headOf()", () => {
  test.each(Object.keys(TEXTS) as Name[])(
    "of %s ends where the rest of the records begins, on the right line",
    async (format) => {
      const all = recordsFrom(format, 0);
      expect(all.length).toBeGreaterThan(3);
      for (let records = 1; records <= all.length; records++) {
        const { records: found, token, lines } = await headAt(format, records);
        const next = Number(token);
        expect([found, lines]).toEqual([records, TEXTS[format].slice(0, next).split("\n").length - 1]);
        // The closing bracket of an array is behind its last record.
        const rest = next === TEXTS[format].length ? [] : recordsFrom(format, next);
        expect(rest, `behind ${records}`).toEqual(all.slice(records));
      }
    },
  );

  test("of framed records ends with their source's own word", async () => {
    const client = new FakeHttpClient(({ query }) => ({ body: query["page"] === "3" ? "[]" : "[1, 2, 3]" }));
    await using source = await bind(client, { records: "", maxBytes: "1MiB", pagination: { type: "offset" } });
    const [split] = source.splits;
    if (split === undefined) throw new TypeError("one split was expected");
    const options = { format: formatByName("jsonl"), decode: specOf("jsonl"), signal: never };
    const heads = await Promise.all([0, 2, 3].map((records) => headOf(source, split, records, options)));
    expect(heads.map(({ records, token }) => [records, token])).toEqual([
      [0, '{"page":0,"index":0}'],
      [2, '{"page":2,"index":0}'],
      [3, '{"page":3,"index":0}'],
    ]);
  });

  test("has fewer records where the split ends before", async () => {
    expect(await headAt("jsonl", 9)).toMatchObject({ records: 4, token: String(TEXTS.jsonl.length) });
  });
});
