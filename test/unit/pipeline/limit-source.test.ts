import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";
import type { BoundSource } from "../../../src/core/ports/source.ts";
import { describe as describeJob } from "../../../src/pipeline/describe.ts";
import { limitPlan } from "../../../src/pipeline/limit-source.ts";
import type { BoundPlan } from "../../../src/pipeline/resolve.ts";
import { FakeHttpClient } from "../connectors/http/source/fake-http-client.ts";
import { bind, readTexts } from "../connectors/http/source/support.ts";
import { MemorySource } from "../../support/memory-source.ts";

const never = new AbortController().signal;

function planOf(source: BoundSource, format: "csv" | "jsonl", maxRecordBytes = 1024): BoundPlan {
  const job = defineJob({
    name: "orders",
    source: { type: "file", path: `in.${format}`, format, maxRecordBytes },
    sink: { type: "file", path: "out.jsonl" },
  });
  return {
    plan: describeJob(job),
    source,
    sinks: new Map(),
    openRejects: async () => null,
    [Symbol.asyncDispose]: async () => {},
  };
}

/** What a reader of the limited source sees, split by split. */
async function readAll({ source }: BoundPlan): Promise<{ readonly [split: string]: string }> {
  const texts: { [split: string]: string } = {};
  for (const split of source.splits) {
    await using reader = await source.open(split, { ordinal: 0n, token: split.origin }, never);
    if (reader.kind !== "bytes") throw new TypeError("bytes were expected");
    const into = Buffer.alloc(64);
    texts[split.id] = "";
    for (let read = await reader.read(into); read > 0; read = await reader.read(into)) {
      texts[split.id] += into.toString("utf8", 0, read);
    }
  }
  return texts;
}

const limited = async (texts: { readonly [split: string]: string }, records: number, format: "csv" | "jsonl") => {
  const source = new MemorySource(texts, format === "csv" ? { fields: ["a", "b"] } : {});
  const plan = await limitPlan(planOf(source, format), records, never);
  expect(source.reading).toBe(0);
  return { plan, texts: await readAll(plan) };
};

describe("limitPlan()", () => {
  it("ends behind the last record that is wanted, over all splits", async () => {
    const texts = { "a.jsonl": '{"n":1}\n{"n":2}\n', "b.jsonl": '{"n":3}\n{"n":4}\n{"n":5}', "c.jsonl": '{"n":6}\n' };
    expect((await limited(texts, 1, "jsonl")).texts).toEqual({ "a.jsonl": '{"n":1}\n' });
    expect((await limited(texts, 3, "jsonl")).texts).toEqual({ "a.jsonl": texts["a.jsonl"], "b.jsonl": '{"n":3}\n' });
    expect((await limited(texts, 99, "jsonl")).texts).toEqual(texts);
  });

  it("tells how many bytes there are left to read", async () => {
    const { plan } = await limited({ "a.jsonl": '{"n":1}\n{"n":2}\n', "b.jsonl": '{"n":3}\n{"n":4}\n' }, 3, "jsonl");
    expect(plan.source.splits.map(({ bytes }) => bytes)).toEqual([16, 8]);
  });

  it("opens a split in the middle, as a restart does", async () => {
    const { plan } = await limited({ "a.jsonl": '{"n":1}\n{"n":2}\n{"n":3}\n' }, 2, "jsonl");
    const [split] = plan.source.splits;
    if (split === undefined) throw new TypeError("a split was expected");
    await using reader = await plan.source.open(split, { ordinal: 1n, token: "8" }, never);
    const into = Buffer.alloc(64);
    let text = "";
    if (reader.kind === "bytes") {
      for (let read = await reader.read(into); read > 0; read = await reader.read(into))
        text += into.toString("utf8", 0, read);
    }
    expect(text).toBe('{"n":2}\n');
  });

  it("counts a line that is longer than any record as one", async () => {
    const long = `{"n":"${"x".repeat(3_000)}"}\n`;
    const { texts } = await limited({ "a.jsonl": `${long}{"n":2}\n{"n":3}\n` }, 2, "jsonl");
    expect(texts).toEqual({ "a.jsonl": `${long}{"n":2}\n` });
  });

  it("cuts where the records end, whatever they hold: quoted line ends, malformed records, blank lines", async () => {
    const record = fc.constantFrom("1,2\n", '"a\nb",2\n', '"a""b","\r\n"\r\n', "1,2,3\n", 'x"y,2\n', '"open" x,1\n');
    const blanks = fc.constantFrom("", "", "", "\n", "\r\n");
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(blanks, record), { maxLength: 12 }),
        fc.integer({ min: 1, max: 14 }),
        async (parts, wanted) => {
          const { texts } = await limited({ "a.csv": parts.flat().join("") }, wanted, "csv");
          const taken = parts.slice(0, wanted).flat().join("");
          expect((texts["a.csv"] ?? "").trimEnd()).toBe(taken.trimEnd());
        },
      ),
    );
  });

  it("ends framed records behind the last that is wanted", async () => {
    const client = new FakeHttpClient(({ query }) => {
      const page = Number(query["page"]);
      return { body: page < 4 ? `[${3 * page}, ${3 * page + 1}, ${3 * page + 2}]` : "[]" };
    });
    for (const [records, expected] of [
      [4, "3456"],
      [6, "345678"],
      [99, "34567891011"],
    ] as const) {
      await using source = await bind(client, { pagination: { type: "page" } });
      const plan = await limitPlan(planOf(source, "jsonl"), records, never);
      expect((await readTexts(plan.source)).join("")).toBe(expected);
    }
  });
});
