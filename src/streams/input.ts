/** What a reader can read: files, or bytes of the program's own. */
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { codecByName } from "../compression/catalog.ts";
import { contentOf } from "../connectors/file/content.ts";
import { transcoderOf } from "../connectors/file/head.ts";
import { fileSourceShape } from "../connectors/file/options.ts";
import { fileSource } from "../connectors/file/source.ts";
import { systemClock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import { assertFieldsThere } from "../core/field-names.ts";
import { type ByteInput, type Codec, COMPRESSIONS, type Compression } from "../core/ports/compression.ts";
import type { DecodeSpec, Header } from "../core/ports/format.ts";
import { originPosition } from "../core/position.ts";
import { formatByName } from "../formats/catalog.ts";
import { type ByteSource, ByteSourceInput, ReplayInput } from "./byte-source.ts";
import { calledBy } from "./called-by.ts";
import type { ReadOptions } from "./read-options.ts";

export type { ByteSource } from "./byte-source.ts";

/** A path or glob, several of them, or bytes; paths are relative to the working directory. */
export type Input = string | URL | readonly string[] | ByteSource;

/** One file, or all of the program's bytes, opened behind its header. */
export interface Part {
  /** For messages. */
  readonly name: string;
  readonly input: ByteInput;
  readonly fields: readonly string[] | undefined;
  /** Where the first record begins. */
  readonly offset: number;
  readonly line: number;
}

/** How an input is opened. */
export interface InputSettings {
  /** The function that was called, for messages. */
  readonly caller: string;
  readonly decode: DecodeSpec;
  readonly compression: Compression | undefined;
  readonly inflate: ReadOptions["inflate"];
  readonly signal: AbortSignal | undefined;
}

/** Bytes of one look at the head. */
const HEAD_BYTES = 64 * 1024;
/** First bytes that tell a compression. */
const MAGIC_BYTES = 4;

const FILE_OPTIONS = z.object(fileSourceShape);

/**
 * Opens the parts of an input one after another, each once the one before it is closed.
 *
 * @throws MillraceError SOURCE_NOT_FOUND, SOURCE_FAILED, HEADER_INVALID, COLUMN_UNKNOWN
 */
export function openParts(input: Input, settings: InputSettings): AsyncGenerator<Part> {
  const paths = pathsOf(input);
  return paths === undefined ? openBytes(input as ByteSource, settings) : openFiles(paths, settings);
}

function pathsOf(input: Input): readonly string[] | undefined {
  if (typeof input === "string") return [input];
  if (input instanceof URL) return [fileURLToPath(input)];
  if (Array.isArray(input) && input.length > 0 && input.every((path) => typeof path === "string")) return input;
  return undefined;
}

async function* openFiles(path: readonly string[], settings: InputSettings): AsyncGenerator<Part> {
  const { decode, compression, inflate, signal = new AbortController().signal } = settings;
  const options = FILE_OPTIONS.parse({ path, compression, inflate, maxRecordBytes: decode.maxRecordBytes });
  const format = formatByName(decode.format);
  const about = { baseDir: process.cwd(), clock: systemClock, codec: codecByName, format, decode, signal };
  await using source = await calledBy(settings.caller, "source", () => fileSource.resolve(options, about));
  for (const split of source.splits) {
    await using reader = await source.open(split, originPosition(split.origin, split.originLine), signal);
    if (reader.kind !== "bytes") throw new MillraceError("INVARIANT", "a file is read as bytes");
    const { id: name, fields, origin, originLine = 1 } = split;
    yield { name, input: reader, fields, offset: Number(origin), line: originLine };
  }
}

async function* openBytes(source: ByteSource, settings: InputSettings): AsyncGenerator<Part> {
  const { caller, decode, compression, inflate, signal } = settings;
  const name = "input";
  await using opened = new AsyncDisposableStack();
  const bytes = opened.use(new ByteSourceInput(source, signal));
  const start = await readSome(bytes, MAGIC_BYTES);
  const { maxRatio, maxBytes = Number.POSITIVE_INFINITY } = FILE_OPTIONS.shape.inflate.parse(inflate);
  const layers = {
    codec: codecOf(start, compression),
    limits: { maxRatio, maxBytes },
    transcoder: transcoderOf({ format: formatByName(decode.format), decode }),
  };
  const input = opened.use(contentOf(new ReplayInput(start, bytes), `the input of ${caller}`, layers));
  const { header, head } = await readHeader(input, decode);
  const { fields, dataOffset, lines } = header;
  if (fields !== undefined && fields.length > 0) assertFieldsThere(name, fields, decode);
  yield { name, input: new ReplayInput(head.subarray(dataOffset), input), fields, offset: dataOffset, line: lines + 1 };
}

function codecOf(start: Uint8Array, compression: Compression | undefined): Codec | null {
  if (compression !== undefined) return compression === "none" ? null : codecByName(compression);
  const codecs = COMPRESSIONS.flatMap((name) => (name === "none" ? [] : [codecByName(name)]));
  return codecs.find((codec) => codec.isMagic(start)) ?? null;
}

/** Takes as few bytes as it can: nobody knows when more of them come. */
async function readHeader(input: ByteInput, decode: DecodeSpec): Promise<{ header: Header; head: Uint8Array }> {
  const format = formatByName(decode.format);
  for (let head: Uint8Array = new Uint8Array(0); ; ) {
    const more = await readSome(input, 1);
    head = Buffer.concat([head, more]);
    const header = format.readHeader(head, more.length === 0, decode);
    if (header !== null) return { header, head };
    if (more.length > 0 && head.length <= decode.maxRecordBytes + HEAD_BYTES) continue;
    throw new MillraceError(
      "HEADER_INVALID",
      `the header of the input does not end within maxRecordBytes (${decode.maxRecordBytes}); is a quote left open in it?`,
    );
  }
}

/** Bytes as they come, but at least so many unless the input ends. */
async function readSome(input: ByteInput, atLeast: number): Promise<Uint8Array> {
  const into = new Uint8Array(HEAD_BYTES);
  let length = 0;
  for (let read = -1; read !== 0 && length < atLeast; length += read) read = await input.read(into.subarray(length));
  return into.subarray(0, length);
}
