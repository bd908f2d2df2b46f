import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, appendFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, test } from "vitest";
import { z } from "zod";
import { sink as sqliteTable } from "../../docs/samples/sqlite-table.ts";
import { codecByName } from "../../src/compression/catalog.ts";
import { fileSinkShape, type FileSinkOptions, fileSourceShape } from "../../src/connectors/file/options.ts";
import { fileSink } from "../../src/connectors/file/sink.ts";
import { fileSource } from "../../src/connectors/file/source.ts";
import { defineSource } from "../../src/core/ports/connector.ts";
import type { ConformanceCase } from "../../src/spi/conformance/case.ts";
import { sinkCases, type SinkSubject } from "../../src/spi/conformance/sink-cases.ts";
import { sourceCases, type SourceSubject } from "../../src/spi/conformance/source-cases.ts";
import { bindSink, bindSource } from "../../src/spi/bind.ts";
import { systemClock } from "../../src/core/clock.ts";
import { formatByName } from "../../src/formats/catalog.ts";
import { FlakySink } from "../../src/testing/flaky-sink.ts";
import { MemorySink } from "../../src/testing/memory-sink.ts";
import { MemorySource } from "../../src/testing/memory-source.ts";

function run(cases: readonly ConformanceCase[]): void {
  for (const one of cases) test(one.name, () => one.run());
}

/** A folder that goes with its case. */
class Folder implements AsyncDisposable {
  readonly path = mkdtempSync(path.join(os.tmpdir(), "millrace-conformance-"));

  at(name: string): string {
    return path.join(this.path, name);
  }

  /** Files in it that this process has open. */
  get held(): number {
    if (process.platform !== "linux") return 0;
    return readdirSync("/proc/self/fd").filter((handle) => targetOf(handle).startsWith(this.path)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.path, { recursive: true });
  }
}

function targetOf(handle: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${handle}`);
  } catch {
    return "";
  }
}

const CSV = 'id,note\r\n1,plain\r\n2,"two\r\nlines"\r\n3,"a ""quote"""\r\n4,last\r\n';

function fileSubject(options: { readonly name: string; readonly incremental?: boolean }): SourceSubject<Folder> {
  const { name, incremental = false } = options;
  const pack = (text: string): Uint8Array => (name.endsWith(".gz") ? gzipSync(text) : Buffer.from(text));
  const decode = { format: "csv", options: {}, columns: {}, maxRecordBytes: 1024 };
  return {
    decode,
    open: async () => {
      const folder = new Folder();
      writeFileSync(folder.at(`a-${name}`), pack(CSV));
      writeFileSync(
        folder.at(`b-${name}`),
        pack(CSV.repeat(1).replace("last", "x".repeat(200_000).replaceAll(/.{500}/g, "$&\n5,"))),
      );
      return folder;
    },
    bind: (folder) => {
      const parsed = z.strictObject(fileSourceShape).parse({ path: "*", incremental });
      const about = {
        baseDir: folder.path,
        clock: systemClock,
        format: formatByName("csv"),
        codec: codecByName,
        decode,
      };
      return fileSource.resolve(parsed, about);
    },
    change: async (folder) => writeFileSync(folder.at(`a-${name}`), pack(CSV.replace("plain", "fancy"))),
    held: (folder) => folder.held,
    ...(incremental && {
      append: async (folder: Folder) => appendFileSync(folder.at(`a-${name}`), pack("6,new\r\n7,newer\r\n")),
    }),
  };
}

describe("file source", () => run(sourceCases(fileSubject({ name: "orders.csv" }))));
describe("file source of gzip", () => run(sourceCases(fileSubject({ name: "orders.csv.gz" }))));
describe("incremental file source", () => run(sourceCases(fileSubject({ name: "orders.csv", incremental: true }))));
describe("incremental file source of gzip", () =>
  run(sourceCases(fileSubject({ name: "orders.csv.gz", incremental: true }))));

/** A world that nothing has to be done for. */
class World<T> implements AsyncDisposable {
  readonly it: T;

  constructor(it: T) {
    this.it = it;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

describe("memory source", () =>
  run(
    sourceCases<World<MemorySource>>({
      decode: { format: "csv" },
      open: async () =>
        new World(new MemorySource({ b: CSV, a: CSV }, { format: "csv", incremental: true, readBytes: 5 })),
      bind: ({ it }) => bindSource(it, { decode: { format: "csv" } }),
      change: async ({ it }) => it.set("a", CSV.replace("plain", "fancy")),
      append: async ({ it }) => it.append("a", "5,new\r\n"),
      held: ({ it }) => it.reading,
    }),
  ));

/** Ten records a page, framed by the source; a resume word is a page and a place in it. */
const pages = defineSource({
  name: "pages",
  format: "jsonl",
  options: z.strictObject({}),
  resolve: async () => ({
    label: "pages",
    splits: [{ id: "pages", origin: "0/0" }],
    open: async (_split, { token }, signal) => {
      let [page = 0, skip = 0] = token.split("/").map(Number);
      return {
        kind: "frames",
        async read(_maxBytes, lease) {
          signal.throwIfAborted();
          if (page === 3) return undefined;
          const [mine, from] = [page, skip];
          const records = Array.from({ length: 10 - from }, (_, index) => `{"id":${mine * 10 + from + index}}`);
          const bytes = Buffer.from(records.join(""));
          const memory = await lease(bytes.length);
          memory.bytes.set(bytes);
          [page, skip] = [page + 1, 0];
          let end = 0;
          const ends = Int32Array.from(records, (record) => (end += record.length));
          const after = (record: number): string =>
            from + record === 9 ? `${mine + 1}/0` : `${mine}/${from + record + 1}`;
          return { memory, bytes: bytes.length, ends, tokens: { after } };
        },
        [Symbol.asyncDispose]: async () => {},
      };
    },
    [Symbol.asyncDispose]: async () => {},
  }),
});

describe("a source that frames its records", () =>
  run(sourceCases({ open: async () => new World(null), bind: () => bindSource(pages({})) })));

const record = (number: number) => ({ id: number, note: `note ${number}`, day: `d${number % 2}` });

function fileSinkSubject(options: Partial<z.input<z.ZodObject<typeof fileSinkShape>>>): SinkSubject<Folder> {
  const parsed: FileSinkOptions = z.strictObject(fileSinkShape).parse({ path: "out.jsonl", ...options });
  return {
    open: async () => new Folder(),
    bind: (folder) =>
      fileSink.resolve(parsed, {
        name: "sink",
        baseDir: folder.path,
        clock: systemClock,
        format: formatByName,
        codec: codecByName,
      }),
    record,
    seen: async (folder) => {
      const shown = readdirSync(folder.path, { recursive: true, withFileTypes: true }).filter(
        (entry) => entry.isFile() && !entry.name.startsWith("."),
      );
      return shown.flatMap(({ parentPath, name }) => idsOf(readFileSync(path.join(parentPath, name)), name));
    },
    held: (folder) => folder.held,
  };
}

function idsOf(bytes: Buffer, name: string): number[] {
  const text = (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
  const lines = text.split("\n").filter(Boolean);
  if (name.includes(".csv")) return lines.slice(1).map((line) => Number.parseInt(line, 10));
  return lines.map((line) => (JSON.parse(line) as { id: number }).id);
}

describe.each<[string, Partial<z.input<z.ZodObject<typeof fileSinkShape>>>]>([
  ["of one file", {}],
  ["of CSV", { path: "out.csv" }],
  ["of gzip", { path: "out.jsonl.gz" }],
  ["of parts", { path: "out-{part}.csv", rotate: { records: 2 } }],
  ["of partitions", { path: "{partition}/{part}.jsonl", partitionBy: ["day"] }],
  ["that appends", { path: "out-{part}.jsonl", mode: "append", rotate: { records: 2 } }],
  ["that appends gzip", { path: "out-{part}.csv.gz", mode: "append", rotate: { records: 3 } }],
])("file sink %s", (_, options) => run(sinkCases(fileSinkSubject(options))));

const refused = { id: -1, note: "refused", day: "d0" };
const refuse = (row: unknown): string | undefined => ((row as { id: number }).id < 0 ? "below zero" : undefined);

function memorySubject(lanes: 1 | 2): SinkSubject<World<MemorySink>> {
  return {
    open: async () => new World(new MemorySink({ lanes, refuse })),
    bind: ({ it }) => bindSink(it),
    record,
    seen: async ({ it }) => it.records.map((row) => (row as { id: number }).id),
    refused: () => refused,
    held: ({ it }) => it.openUnits,
  };
}

describe("memory sink", () => run(sinkCases(memorySubject(1))));
describe("memory sink with two lanes", () => run(sinkCases(memorySubject(2))));

describe("flaky sink", () =>
  run(
    sinkCases<World<FlakySink>>({
      open: async () => new World(new FlakySink([{ at: "sink.commit", nth: 2, does: "lose-reply" }], { refuse })),
      bind: ({ it }) => bindSink(it),
      record,
      seen: async ({ it }) => it.table.records.map((row) => (row as { id: number }).id),
      loseReply: () => {},
    }).filter(({ name }) => name.includes("reply")),
  ));

describe("docs/samples/sqlite-table.ts", () =>
  run(
    sinkCases<Folder>({
      open: async () => {
        const folder = new Folder();
        using database = new DatabaseSync(folder.at("orders.db"));
        database.exec("CREATE TABLE orders (id INTEGER CHECK (id >= 0), note TEXT, day TEXT)");
        return folder;
      },
      bind: (folder) => bindSink(sqliteTable({ file: "orders.db", table: "orders" }), { baseDir: folder.path }),
      record,
      refused: () => refused,
      seen: async (folder) => {
        using database = new DatabaseSync(folder.at("orders.db"));
        return (database.prepare("SELECT id FROM orders").all() as { id: number }[]).map(({ id }) => id);
      },
      held: (folder) => folder.held,
    }),
  ));
