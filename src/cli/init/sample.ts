/** Reads as much of a file as a guess needs: its head, and some stretches deeper down, since heads are not always typical. */
import { type FileHandle, open } from "node:fs/promises";
import { codecByName } from "../../compression/catalog.ts";
import { MillraceError } from "../../core/errors.ts";
import type { CodecName } from "../../core/ports/compression.ts";
import { type Encoding, guessEncoding, toUtf8 } from "./encoding.ts";

/** What was read of a file. */
export interface Sample {
  /** Stretches of UTF-8 without a byte order mark; the first is the head, the others begin and end at line ends. */
  readonly pieces: readonly Buffer[];
  /** The head is the whole file. */
  readonly whole: boolean;
  readonly compression: CodecName | "none";
  readonly encoding: Encoding;
  /** Size on disk. */
  readonly bytes: number;
}

const HEAD_BYTES = 8 * 1024 * 1024;
const DEEPER_PIECES = 16;
const DEEPER_BYTES = 128 * 1024;
const LINE_FEED = 10;
const CODECS: readonly CodecName[] = ["gzip", "zstd"];
/** A sample is small, whatever it was compressed from. */
const NO_BOMB = { maxRatio: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY };

/**
 * Reads a sample.
 *
 * @throws MillraceError SOURCE_NOT_FOUND when there is no such file, or it cannot be read; SOURCE_FAILED for broken
 *   compression
 */
export async function readSample(file: string): Promise<Sample> {
  await using handle = await openFile(file);
  const { size } = await handle.stat();
  const magic = await readAt(handle, 0, 16);
  const codec = CODECS.find((name) => codecByName(name).isMagic(magic));
  const head = codec === undefined ? await readAt(handle, 0, HEAD_BYTES) : await inflatedHead(handle, file, codec);
  const whole = codec === undefined ? head.length >= size : head.length < HEAD_BYTES;
  const encoding = guessEncoding(head);
  const deeper = whole || codec !== undefined ? [] : await deeperPieces(handle, size, encoding);
  const first = toUtf8(head, encoding);
  return {
    pieces: [whole ? first : wholeLines(first, 0), ...deeper],
    whole,
    compression: codec ?? "none",
    encoding,
    bytes: size,
  };
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    const handle = await open(file, "r");
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "there is no such file" : `it cannot be read (${code ?? "unknown error"})`;
    throw new MillraceError("SOURCE_NOT_FOUND", `--from ${file}: ${reason}`, { cause });
  }
  throw new MillraceError("SOURCE_NOT_FOUND", `--from ${file}: this is no file; name one file of records`);
}

async function deeperPieces(handle: FileHandle, size: number, encoding: Encoding): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  const step = (size - HEAD_BYTES) / DEEPER_PIECES;
  for (let piece = 1; piece <= DEEPER_PIECES; piece++) {
    // Pairs of bytes must not be torn apart.
    const at = Math.max(HEAD_BYTES, Math.floor((HEAD_BYTES + piece * step - DEEPER_BYTES) / 2) * 2);
    const text = toUtf8(await readAt(handle, at, DEEPER_BYTES), encoding);
    const begin = text.indexOf(LINE_FEED) + 1;
    if (begin > 0) pieces.push(wholeLines(text, begin));
  }
  return pieces;
}

/** From `begin` up to the last line end. */
function wholeLines(text: Buffer, begin: number): Buffer {
  const end = text.lastIndexOf(LINE_FEED) + 1;
  return end > begin ? text.subarray(begin, end) : text.subarray(begin);
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const room = Buffer.alloc(Math.min(length, Math.max(0, (await handle.stat()).size - position)));
  return filled(room, async (rest, before) => (await handle.read(rest, 0, rest.length, position + before)).bytesRead);
}

async function inflatedHead(handle: FileHandle, file: string, codec: CodecName): Promise<Buffer> {
  let position = 0;
  const input = {
    async read(into: Uint8Array): Promise<number> {
      const { bytesRead } = await handle.read(into, 0, into.length, position);
      position += bytesRead;
      return bytesRead;
    },
  };
  await using inflated = codecByName(codec).inflate(input, file, NO_BOMB);
  return await filled(Buffer.alloc(HEAD_BYTES), (rest) => inflated.read(rest));
}

/** Reads until the room is full or nothing more comes. @returns the part of it that was filled */
async function filled(room: Buffer, read: (rest: Buffer, bytesBefore: number) => Promise<number>): Promise<Buffer> {
  let bytes = 0;
  while (bytes < room.length) {
    const more = await read(room.subarray(bytes), bytes);
    if (more === 0) break;
    bytes += more;
  }
  return room.subarray(0, bytes);
}
