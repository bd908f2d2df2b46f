/** A streamed body, read from its beginning: its first bytes are held, so that they can be looked at before it is read. */
import { onAbort } from "../../../core/abort.ts";
import type { ByteInput } from "../../../core/ports/compression.ts";
import type { SourceContext } from "../../../core/ports/source.ts";
import { codecOf } from "../../file/compressed.ts";
import { type Content, contentOf, isDirect, type Layers } from "../../file/content.ts";
import { HEAD_BYTES } from "../../file/fingerprint.ts";
import type { HttpCall, HttpClient, HttpStreamedReply } from "../client/port.ts";
import { type BodyLook, isStrong } from "./body-mark.ts";

/** Enough to tell compressed data by. */
const MAGIC_BYTES = 8;
/** Bytes of an error's body that are read. */
const FAULT_BYTES = 16 * 1024;
const NO_CONTENT = 204;
const PARTIAL = 206;

/** What is needed to ask for a body. */
export interface BodyRequest {
  readonly client: HttpClient;
  readonly call: HttpCall;
  /** The source, for messages. */
  readonly shown: string;
  readonly codec: SourceContext["codec"];
  readonly transcoder: Layers["transcoder"];
}

/**
 * Asks for a body.
 *
 * @throws MillraceError SOURCE_UNAVAILABLE, SOURCE_FAILED
 */
export async function openBody(
  { client, call, shown, codec, transcoder }: BodyRequest,
  signal?: AbortSignal,
): Promise<OpenBody> {
  const stop = new AbortController();
  await using opened = new AsyncDisposableStack();
  if (signal !== undefined) opened.use(onAbort(signal, () => stop.abort(signal.reason)));
  const reply = opened.use(await client.open(call, { signal: stop.signal }));
  if (!isSuccess(reply)) throw await faultOf(client, reply);
  const start = await firstBytes(reply, MAGIC_BYTES);
  const layers: Layers = {
    codec: codecOf({ name: "", head: start, said: undefined }, codec),
    limits: { maxRatio: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY },
    transcoder,
  };
  const content = opened.use(contentOf(startingWith(start, reply), shown, layers));
  const head = await firstBytes(content, HEAD_BYTES);
  const parts = { method: call.method, reply, content, head, isDirect: isDirect(layers), stop };
  return new OpenBody({ ...parts, opened: opened.move() });
}

/** What the server says instead of a body. */
export async function faultOf(client: HttpClient, reply: HttpStreamedReply): Promise<Error> {
  return client.faultOf(reply, await firstBytes(reply, FAULT_BYTES));
}

/** A part was not asked for. */
function isSuccess({ status }: HttpStreamedReply): boolean {
  return status >= 200 && status < 300 && status !== PARTIAL;
}

interface BodyParts {
  readonly method: string;
  readonly reply: HttpStreamedReply;
  readonly content: Content;
  readonly head: Buffer;
  /** Whether the reply's bytes are those of the content. */
  readonly isDirect: boolean;
  readonly opened: AsyncDisposableStack;
  readonly stop: AbortController;
}

/** The body of one reply. */
export class OpenBody implements AsyncDisposable {
  /** Its bytes, where they are known. */
  readonly bytes: number | undefined;
  /** Whether the server gives parts of it, and tells when it is another one. */
  readonly givesParts: boolean;
  readonly #parts: BodyParts;
  #head: Buffer;
  /** Bytes of the head that were read. */
  #read = 0;

  constructor(parts: BodyParts) {
    const { method, reply, head, isDirect } = parts;
    const length = reply.header("content-length");
    const isPlain = isDirect && (reply.header("content-encoding") ?? "identity") === "identity";
    this.#parts = parts;
    this.#head = head;
    this.bytes = isPlain && length !== undefined ? Number(length) : undefined;
    const saysSo = method === "GET" && reply.header("accept-ranges")?.toLowerCase() === "bytes";
    this.givesParts = isPlain && saysSo && isStrong(reply.header("etag"));
  }

  /** Whether the server says that there is none. */
  get isNone(): boolean {
    return this.#parts.reply.status === NO_CONTENT;
  }

  get look(): BodyLook {
    const { reply } = this.#parts;
    return { head: this.#head, etag: reply.header("etag"), modified: reply.header("last-modified") };
  }

  /** The first bytes, as many as there are up to a number. To be called before anything is read. */
  async head(bytes: number): Promise<Buffer> {
    const more = bytes - this.#head.length;
    if (more > 0) this.#head = Buffer.concat([this.#head, await firstBytes(this.#parts.content, more)]);
    return this.#head;
  }

  /** Fills a part of `into`; 0 at the end. @throws MillraceError SOURCE_UNAVAILABLE, SOURCE_FAILED */
  async read(into: Uint8Array): Promise<number> {
    const held = this.#head.subarray(this.#read, this.#read + into.byteLength);
    this.#read += held.length;
    into.set(held);
    return held.length > 0 ? held.length : await this.#parts.content.read(into);
  }

  /** From here on it is for somebody who may stop. */
  until(signal: AbortSignal): void {
    const { opened, stop } = this.#parts;
    opened.use(onAbort(signal, () => stop.abort(signal.reason)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.opened.disposeAsync();
  }
}

/** As many as there are, up to a number. */
async function firstBytes(input: ByteInput, bytes: number): Promise<Buffer> {
  const head = Buffer.alloc(bytes);
  let length = 0;
  for (let read = -1; read !== 0 && length < bytes; length += read) read = await input.read(head.subarray(length));
  return head.subarray(0, length);
}

function startingWith(start: Buffer, rest: ByteInput): ByteInput {
  let left = start;
  return {
    async read(into) {
      if (left.length === 0) return await rest.read(into);
      const part = left.subarray(0, into.byteLength);
      into.set(part);
      left = left.subarray(part.length);
      return part.length;
    },
  };
}
