/** Looks at the head of a file before anything is written: compression, header, declared columns, fingerprint. */
import { MillraceError, isMillraceError } from "../../core/errors.ts";
import { assertFieldsThere } from "../../core/field-names.ts";
import type { ByteInput } from "../../core/ports/compression.ts";
import type { Header, Transcoder } from "../../core/ports/format.ts";
import type { SourceContext, SplitPlan } from "../../core/ports/source.ts";
import { codecOf } from "./compressed.ts";
import { contentOf, isDirect, type Layers } from "./content.ts";
import { toSourceError } from "./errors.ts";
import { type FileLook, HEAD_BYTES, fingerprintOf, formatFingerprint, growingFingerprintOf } from "./fingerprint.ts";
import type { FoundFile } from "./locate.ts";
import { HeaderMemory } from "./header-memory.ts";
import { OpenFile } from "./open-file.ts";
import type { FileSourceOptions } from "./options.ts";

/** A file as it was found: its split, and how it is read. */
export interface PlannedFile {
  readonly file: FoundFile;
  readonly split: SplitPlan;
  readonly layers: Layers;
  readonly inode: string;
  /** Bytes on disk. */
  readonly size: number;
  /** When it was made, nanoseconds; undefined where the file system may not keep births. */
  readonly born: string | undefined;
}

/** What {@link planFile} needs to know of the job. */
export interface HeadOptions {
  readonly options: Pick<FileSourceOptions, "compression" | "inflate" | "incremental">;
  readonly context: SourceContext;
  /** {@link transcoderOf} the context: the same for all files. */
  readonly transcoder: (() => Transcoder) | null;
  readonly headers: HeaderMemory;
}

/**
 * Plans a file. One of no bytes is one without records, unless its format expects a header.
 *
 * @returns null for a file that grows and has nothing behind its header yet
 * @throws MillraceError HEADER_INVALID, COLUMN_UNKNOWN, SOURCE_FAILED
 */
export async function planFile(file: FoundFile, about: HeadOptions): Promise<PlannedFile | null> {
  const { name } = file;
  const { options, context } = about;
  try {
    using opened = new OpenFile(file.path);
    const look = opened.look(HEAD_BYTES);
    const layers = layersOf(name, look.head, about);
    const head = isDirect(layers) ? new DirectHead(opened, look) : new LayeredHead(opened, name, layers);
    const header = await readHeader(head, name, about);
    if (header === null || (options.incremental && isDirect(layers) && look.size <= header.dataOffset)) return null;
    const known = {
      id: name,
      fingerprint: formatFingerprint(options.incremental ? growingFingerprintOf(look) : fingerprintOf(look)),
      ...(isDirect(layers) && { bytes: look.size }),
      ...(options.incremental && { growing: true }),
    };
    const split = { ...known, ...placeOf(name, header, look.size, context) };
    return { file, split, layers, inode: look.inode, size: look.size, born: opened.birth };
  } catch (thrown) {
    throw toSourceError(thrown, `source.path: reading ${name}`);
  }
}

/** The first bytes of a file. @throws MillraceError SOURCE_FAILED */
export function readHead({ name, path }: FoundFile, bytes: number): Uint8Array {
  try {
    using opened = new OpenFile(path);
    return opened.look(bytes).head;
  } catch (thrown) {
    throw toSourceError(thrown, `source.path: reading ${name}`);
  }
}

/** How the bytes of all files become UTF-8; null where they are taken as they are. */
export function transcoderOf({ format, decode }: Pick<SourceContext, "format" | "decode">): (() => Transcoder) | null {
  const make = (): Transcoder | null => format.transcoder?.(decode) ?? null;
  return make() === null ? null : () => make() as Transcoder;
}

function layersOf(name: string, head: Uint8Array, { options, context, transcoder }: HeadOptions): Layers {
  const { compression: said, inflate } = options;
  return {
    codec: codecOf({ name, head, said }, context.codec),
    limits: { maxRatio: inflate.maxRatio, maxBytes: inflate.maxBytes ?? Number.POSITIVE_INFINITY },
    transcoder,
  };
}

function placeOf(name: string, header: Header, size: number, context: SourceContext): Omit<SplitPlan, "id"> {
  if (size === 0) return { origin: "0", originLine: 1 };
  const { fields, dataOffset, lines } = header;
  if (fields !== undefined) assertFieldsThere(name, fields, context.decode);
  const place = { origin: String(dataOffset), originLine: lines + 1 };
  return fields === undefined ? place : { ...place, fields };
}

/** The first bytes of a file's content. */
interface Head {
  start(bytes: number): Promise<{ readonly bytes: Uint8Array; readonly final: boolean }>;
}

class DirectHead implements Head {
  readonly #file: OpenFile;
  readonly #look: FileLook;

  constructor(file: OpenFile, look: FileLook) {
    this.#file = file;
    this.#look = look;
  }

  async start(bytes: number): ReturnType<Head["start"]> {
    const { head, size } = this.#look;
    return { bytes: bytes <= HEAD_BYTES ? head : this.#file.start(bytes), final: bytes >= size };
  }
}

class LayeredHead implements Head {
  readonly #file: OpenFile;
  readonly #name: string;
  readonly #layers: Layers;

  constructor(file: OpenFile, name: string, layers: Layers) {
    this.#file = file;
    this.#name = name;
    this.#layers = layers;
  }

  async start(bytes: number): ReturnType<Head["start"]> {
    await using content = contentOf(this.#input(), this.#name, this.#layers);
    const head = new Uint8Array(bytes);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes; length += read) read = await content.read(head.subarray(length));
    return { bytes: head.subarray(0, length), final: length < bytes };
  }

  #input(): ByteInput {
    let position = 0;
    return {
      read: async (into) => {
        const read = this.#file.read(into, position);
        position += read;
        return read;
      },
    };
  }
}

/** Reads more and more of the file until the header is complete; null when the rest of it may still come. */
async function readHeader(
  head: Head,
  name: string,
  { options, context, headers }: HeadOptions,
): Promise<Header | null> {
  const { format, decode } = context;
  for (let wanted = HEAD_BYTES; ; wanted *= 2) {
    const { bytes, final } = await head.start(wanted);
    const known = headers.find(bytes);
    if (known !== undefined) return known;
    const header = ofFile(name, () => format.readHeader(bytes, final && !options.incremental, decode));
    if (header !== null) headers.keep(bytes, header);
    if (header !== null) return header;
    if (bytes.byteLength > decode.maxRecordBytes + HEAD_BYTES || (final && !options.incremental)) {
      throw new MillraceError(
        "HEADER_INVALID",
        `${name}: its header does not end within maxRecordBytes (${decode.maxRecordBytes}); is a quote left open in it?`,
      );
    }
    if (final) return null;
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
