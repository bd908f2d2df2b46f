/** HTTP sources over a fake client, and how they are read. */
import { z } from "zod";
import { codecByName } from "../../../../../src/compression/catalog.ts";
import { bindSource } from "../../../../../src/connectors/http/source/bind.ts";
import { httpSourceShape, isStreamed } from "../../../../../src/connectors/http/source-options.ts";
import { isMillraceError } from "../../../../../src/core/errors.ts";
import type { DecodeSpec } from "../../../../../src/core/ports/format.ts";
import type { BoundSource } from "../../../../../src/core/ports/source.ts";
import { formatByName } from "../../../../../src/formats/catalog.ts";
import { lend, originOf } from "../../../../../src/spi/conformance/split-content.ts";
import { FakeClock } from "../../../../../src/testing/fake-clock.ts";
import type { FakeHttpClient } from "./fake-http-client.ts";

/** The address of every source here. */
export const URL_OF_ITEMS = "https://api.test/items";

/** Keys of the source beside its address. */
export type SourceKeys = Omit<z.input<z.ZodObject<typeof httpSourceShape>>, "url">;

/** Binds a source as a job would. */
export async function bind(
  client: FakeHttpClient,
  keys: SourceKeys & { readonly url?: string } = {},
  decoding: Partial<DecodeSpec> = {},
): Promise<BoundSource> {
  const options = z.strictObject(httpSourceShape).parse({ url: URL_OF_ITEMS, ...keys });
  const format = options.format === "json" && !isStreamed(options) ? "jsonl" : options.format;
  const decode = { format, options: {}, columns: {}, maxRecordBytes: options.maxRecordBytes, ...decoding };
  const context = { baseDir: "/", clock: new FakeClock(), format: formatByName(format), decode, codec: codecByName };
  return await bindSource(client, options, context);
}

/** A record as it was read, with the resume words around it. */
export interface ReadRecord {
  readonly text: string;
  readonly of: string;
  readonly after: string;
}

/** How a split is read. */
export interface Reading {
  /** Absent: from the origin. */
  readonly token?: string;
  readonly maxBytes?: number;
  /** Is told what passes by itself, each time. */
  readonly onUnavailable?: (thrown: unknown) => void;
  readonly signal?: AbortSignal;
}

/** All records of the one split from a place on; what is unavailable is asked for again at once. */
export async function readRecords(source: BoundSource, reading: Reading = {}): Promise<readonly ReadRecord[]> {
  const [split] = source.splits;
  if (split === undefined) return [];
  const { token, maxBytes = 64, signal = new AbortController().signal } = reading;
  const from = token === undefined ? originOf(split) : { ordinal: 0n, token };
  await using reader = await source.open(split, from, signal);
  if (reader.kind !== "frames") return [];
  const records: ReadRecord[] = [];
  for (;;) {
    const batch = await again(() => reader.read(maxBytes, lend), reading);
    if (batch === undefined) return records;
    const { memory, ends, tokens } = batch;
    for (const [index, end] of ends.entries()) {
      const text = Buffer.from(memory.bytes).toString("utf8", index === 0 ? 0 : ends[index - 1], end);
      records.push({ text, of: tokens.of?.(index) ?? "", after: tokens.after(index) });
    }
  }
}

/** The texts alone. */
export async function readTexts(source: BoundSource, reading: Reading = {}): Promise<readonly string[]> {
  return (await readRecords(source, reading)).map(({ text }) => text);
}

/** The bytes of the one split from an offset on. */
export async function readBytes(
  source: BoundSource,
  reading: Reading & { readonly fingerprint?: string } = {},
): Promise<string> {
  const [split] = source.splits;
  if (split === undefined) return "";
  const { token, signal = new AbortController().signal, fingerprint = split.fingerprint } = reading;
  const from = token === undefined ? originOf(split) : { ordinal: 0n, token };
  const seen = fingerprint === undefined ? split : { ...split, fingerprint };
  await using reader = await again(() => source.open(seen, from, signal), reading);
  if (reader.kind !== "bytes") return "";
  const into = Buffer.alloc(reading.maxBytes ?? 4096);
  let text = "";
  for (;;) {
    const read = await again(() => reader.read(into), reading);
    if (read === 0) return text;
    text += into.toString("utf8", 0, read);
  }
}

async function again<T>(work: () => Promise<T>, { onUnavailable }: Reading): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (thrown) {
      if (!isMillraceError(thrown, "SOURCE_UNAVAILABLE") || onUnavailable === undefined) throw thrown;
      onUnavailable(thrown);
    }
  }
}
