/** Looks at the head of a file before anything is written: compression, header, declared columns, fingerprint. */
import { type FileHandle, open } from "node:fs/promises";
import { MillraceError, isMillraceError } from "../../core/errors.ts";
import { nearestName } from "../../core/nearest.ts";
import type { Compression } from "../../core/ports/compression.ts";
import type { Header } from "../../core/ports/format.ts";
import type { SourceContext, SplitPlan } from "../../core/ports/source.ts";
import { readFully } from "./durable-files.ts";
import { toSourceError } from "./errors.ts";
import { type FileLook, HEAD_BYTES, fingerprintOf, formatFingerprint } from "./fingerprint.ts";
import type { FoundFile } from "./locate.ts";
import { compressionOfPath } from "./options.ts";

/** First bytes of compressed files: RFC 1952 (gzip), RFC 8878 (zstd). */
const MAGIC = { gzip: [0x1f, 0x8b], zstd: [0x28, 0xb5, 0x2f, 0xfd] } as const;

/**
 * Makes a file's split. A file of no bytes is one without records, unless its format expects a header.
 *
 * @throws MillraceError HEADER_INVALID, COLUMN_UNKNOWN, SOURCE_FAILED
 * @throws MillraceError NOT_BUILT for compressed files
 */
export async function planSplit(
  { name, path }: FoundFile,
  compression: Compression | undefined,
  context: SourceContext,
): Promise<SplitPlan> {
  assertPlain(name, compression ?? compressionOfPath(name));
  try {
    await using handle = await open(path, "r");
    const look = await lookAt(handle, HEAD_BYTES);
    if (compression === undefined) assertPlain(name, compressionOfBytes(look.head));
    const fingerprint = formatFingerprint(fingerprintOf(look));
    const known = { id: name, bytes: look.size, fingerprint };
    const header = await readHeader(handle, name, look, context);
    if (look.size === 0) return { ...known, origin: "0", originLine: 1 };
    if (header.fields !== undefined) assertDeclared(name, header.fields, context);
    const place = { origin: String(header.dataOffset), originLine: header.lines + 1 };
    return header.fields === undefined ? { ...known, ...place } : { ...known, ...place, fields: header.fields };
  } catch (thrown) {
    throw toSourceError(thrown, `source.path: reading ${name}`);
  }
}

/** A file's size, inode and first bytes. */
export async function lookAt(handle: FileHandle, bytes: number): Promise<FileLook> {
  const { size, ino } = await handle.stat({ bigint: true });
  return { head: await readStart(handle, bytes), inode: String(ino), size: Number(size) };
}

async function readStart(handle: FileHandle, bytes: number): Promise<Uint8Array> {
  const head = new Uint8Array(bytes);
  return head.subarray(0, await readFully(handle, head, 0));
}

/** Reads more and more of the file until the header is complete. */
async function readHeader(handle: FileHandle, name: string, look: FileLook, context: SourceContext): Promise<Header> {
  const { format, decode } = context;
  for (let { head } = look; ; head = await readStart(handle, head.byteLength * 2)) {
    const final = head.byteLength >= look.size;
    const header = ofFile(name, () => format.readHeader(head, final, decode));
    if (header !== null) return header;
    if (final || head.byteLength > decode.maxRecordBytes + HEAD_BYTES) {
      throw new MillraceError(
        "HEADER_INVALID",
        `${name}: its header does not end within maxRecordBytes (${decode.maxRecordBytes}); is a quote left open in it?`,
      );
    }
  }
}

/** The format does not know which file it reads. */
function ofFile<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (!isMillraceError(thrown)) throw thrown;
    const { code, message, fault, details } = thrown;
    throw new MillraceError(code, `${name}: ${message}`, { cause: thrown, fault, details });
  }
}

function assertDeclared(name: string, fields: readonly string[], { decode }: SourceContext): void {
  for (const column of Object.keys(decode.columns)) {
    if (fields.includes(column)) continue;
    const nearest = nearestName(column, fields);
    const hint = nearest === undefined ? `the header has ${fields.join(", ")}` : `did you mean ${nearest}?`;
    throw new MillraceError(
      "COLUMN_UNKNOWN",
      `columns.${column}: the header of ${name} has no such column\n  ${hint}`,
      {
        details: { file: name, column },
      },
    );
  }
}

function compressionOfBytes(head: Uint8Array): Compression {
  if (MAGIC.gzip.every((byte, i) => head[i] === byte)) return "gzip";
  if (MAGIC.zstd.every((byte, i) => head[i] === byte)) return "zstd";
  return "none";
}

function assertPlain(name: string, compression: Compression): void {
  if (compression === "none") return;
  throw new MillraceError(
    "NOT_BUILT",
    `source.compression: ${name} is compressed with ${compression}, which is not built yet; decompress it first`,
  );
}
