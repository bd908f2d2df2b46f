import { describe, test } from "vitest";
import type { BoundSource } from "../../src/core/ports/source.ts";
import type { ConformanceCase } from "../../src/spi/conformance/case.ts";
import { sourceCases, type SourceSubject } from "../../src/spi/conformance/source-cases.ts";
import { originOf } from "../../src/spi/conformance/split-content.ts";
import { BodyServer, type BodyServerOptions } from "../unit/connectors/http/source/body-server.ts";
import { FakeHttpClient } from "../unit/connectors/http/source/fake-http-client.ts";
import { bind, type SourceKeys } from "../unit/connectors/http/source/support.ts";

function run(cases: readonly ConformanceCase[]): void {
  for (const one of cases) test(one.name, () => one.run());
}

/** Records in pages of three. */
class Pages implements AsyncDisposable {
  records = ["1", '{"a": 2}', '"three"', "[4]", "5", "6", "7"];
  readonly client = new FakeHttpClient(({ query }) => {
    const from = Number(query["cursor"] ?? query["offset"] ?? (Number(query["page"] ?? 1) - 1) * 3);
    const next = from + 3 < this.records.length ? `,"next":${from + 3}` : "";
    return { body: `{ "data": [${this.records.slice(from, from + 3).join(", ")}]${next} }` };
  });

  async [Symbol.asyncDispose](): Promise<void> {}
}

function pagesBy(pagination: NonNullable<SourceKeys["pagination"]>, keys: SourceKeys = {}): SourceSubject<Pages> {
  return {
    open: async () => new Pages(),
    bind: ({ client }) => bind(client, { records: "/data", incremental: true, pagination, ...keys }),
    append: async (pages) => void pages.records.push('"new"', '"newer"'),
    held: ({ client }) => client.stats.requests,
  };
}

/** Of the reply that a source holds from when it looked until it is read first: it counts as nobody's. */
async function letGo(source: BoundSource): Promise<void> {
  for (const split of source.splits) {
    await using _reader = await source.open(split, originOf(split), new AbortController().signal);
  }
}

function body(options: BodyServerOptions): SourceSubject<BodyServer> {
  const text = '{"a":1}\n{"b":2}\n{"c":3}\n'.repeat(50);
  return {
    open: async () => new BodyServer(text, options),
    bind: async ({ client }) => {
      const source = await bind(client, { format: "jsonl", incremental: true });
      await letGo(source);
      return source;
    },
    change: async (server) => {
      server.body = `{"z":0}\n${text}`;
    },
    append: async (server) => {
      server.body = `${text}{"d":4}\n`;
    },
    held: ({ client }) => client.openReplies,
  };
}

describe("http source of pages by cursor", () => run(sourceCases(pagesBy({ type: "cursor", next: "/next" }))));
describe("http source of pages by number", () => run(sourceCases(pagesBy({ type: "page", size: 3 }))));
describe("http source of pages by offset", () =>
  run(sourceCases(pagesBy({ type: "offset", size: 3 }, { concurrency: 2 }))));
describe("http source of a streamed body", () => run(sourceCases(body({ parts: true, etag: "strong" }))));
describe("http source of a streamed body without parts", () => run(sourceCases(body({}))));
