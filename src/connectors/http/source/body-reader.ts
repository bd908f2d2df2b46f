/**
 * Reads a streamed body from a place on, however often the connection is cut: the next read asks anew and goes on at the
 * same byte. Where the server gives parts of exactly this body (a strong ETag, If-Range) it is asked for the rest alone;
 * else what was read before is read past, and compared with what it was.
 */
import { crc32 } from "node:zlib";
import { abortError } from "../../../core/clock.ts";
import { MillraceError } from "../../../core/errors.ts";
import type { ByteReader } from "../../../core/ports/source.ts";
import { shortened } from "../../file/fingerprint.ts";
import { changedBody, differenceFromMark } from "./body-mark.ts";
import { type BodyRequest, faultOf, type OpenBody, openBody } from "./open-body.ts";

const PARTIAL = 206;
const OK = 200;
const BEHIND_END = 416;
/** Bytes that are read past at once. */
const SKIP_BYTES = 256 * 1024;

/** What a {@link BodyReader} needs. */
export interface BodyReaderOptions {
  readonly request: BodyRequest;
  /** As `bodyMark` made it when the body was seen first; undefined: any will do. */
  readonly mark: string | undefined;
  /** More may have been added since. */
  readonly grows: boolean;
  readonly offset: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** What bytes come from; nothing is held of them. */
interface Bytes extends AsyncDisposable {
  read(into: Uint8Array): Promise<number>;
}

/** One body. */
export class BodyReader implements ByteReader {
  readonly kind = "bytes";
  readonly #options: BodyReaderOptions;
  #offset: number;
  /** Checksum of the bytes that this reader gave. */
  #given = 0;
  #bytes: Bytes | null = null;
  /** Of the body that was compared last, if the server gives parts of it. */
  #etag: string | undefined;
  /** Until it was asked for a part and gave everything, or something else. */
  #givesParts = true;
  #hasEnded = false;

  constructor(options: BodyReaderOptions) {
    this.#options = options;
    this.#offset = options.offset;
  }

  /**
   * Takes a body that is open at its beginning, and lets go of it if its rest can be asked for alone.
   *
   * @throws MillraceError SOURCE_CHANGED, SOURCE_UNAVAILABLE
   */
  async begin(body: OpenBody): Promise<void> {
    await using opened = new AsyncDisposableStack();
    opened.use(body);
    const { request, mark, grows, signal } = this.#options;
    const { look } = body;
    const difference = mark === undefined ? undefined : differenceFromMark(mark, look, grows);
    if (difference !== undefined) throw changedBody(request.shown, difference, grows);
    this.#etag = body.givesParts && this.#givesParts ? look.etag : undefined;
    if (this.#etag !== undefined && this.#offset > look.head.length) return;
    body.until(signal);
    await this.#skip(body);
    opened.move();
    this.#bytes = body;
  }

  async read(into: Uint8Array): Promise<number> {
    const { signal } = this.#options;
    if (signal.aborted) throw abortError(signal);
    if (this.#hasEnded) return 0;
    try {
      if (this.#bytes === null) await this.#connect();
      const read = (await this.#bytes?.read(into)) ?? 0;
      this.#offset += read;
      this.#given = crc32(into.subarray(0, read), this.#given);
      this.#hasEnded = read === 0;
      this.#assertNotTooLong();
      return read;
    } catch (thrown) {
      await this.#letGo();
      throw thrown;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hasEnded = true;
    await this.#letGo();
  }

  async #letGo(): Promise<void> {
    const bytes = this.#bytes;
    this.#bytes = null;
    await bytes?.[Symbol.asyncDispose]();
  }

  async #connect(): Promise<void> {
    const { request, signal } = this.#options;
    if (this.#etag !== undefined && (await this.#askForRest(this.#etag))) return;
    await this.begin(await openBody(request, signal));
    // It may have turned into one of which the server gives parts.
    if (this.#bytes === null) await this.#connect();
  }

  /** Whether it was had: another body is answered in full, which says no more than that. */
  async #askForRest(etag: string): Promise<boolean> {
    const { request, signal } = this.#options;
    const { client, call } = request;
    const headers = {
      ...call.headers,
      range: `bytes=${this.#offset}-`,
      "if-range": etag,
      "accept-encoding": "identity",
    };
    await using opened = new AsyncDisposableStack();
    const reply = opened.use(await client.open({ ...call, headers }, { signal }));
    const range = /^bytes (?:(?<begin>\d+)-\d+|\*)\/(?<size>\d+|\*)$/.exec(reply.header("content-range") ?? "")?.groups;
    if (
      reply.status === PARTIAL &&
      Number(range?.["begin"]) === this.#offset &&
      isPlain(reply.header("content-encoding"))
    ) {
      this.#bytes = { read: (into) => reply.read(into), [Symbol.asyncDispose]: () => reply[Symbol.asyncDispose]() };
      opened.move();
      return true;
    }
    if (reply.status === BEHIND_END && Number(range?.["size"]) === this.#offset) {
      this.#hasEnded = true;
      return true;
    }
    if (![OK, PARTIAL, BEHIND_END].includes(reply.status)) throw await faultOf(client, reply);
    this.#givesParts = false;
    return false;
  }

  /** Reads past what was read before; what this reader gave has to be what it was. */
  async #skip(body: OpenBody): Promise<void> {
    const { request, grows, offset } = this.#options;
    await this.#readPast(body, offset);
    const again = await this.#readPast(body, this.#offset - offset);
    if (again !== this.#given) throw changedBody(request.shown, "what was read of it is other bytes now", grows);
  }

  /** @returns the checksum of the bytes */
  async #readPast(body: OpenBody, bytes: number): Promise<number> {
    const into = Buffer.alloc(Math.min(SKIP_BYTES, bytes));
    let checksum = 0;
    for (let left = bytes; left > 0; ) {
      const read = await body.read(into.subarray(0, Math.min(left, into.length)));
      checksum = crc32(into.subarray(0, read), checksum);
      left -= read;
      if (read > 0) continue;
      const { request, grows } = this.#options;
      throw changedBody(request.shown, shortened(this.#offset, this.#offset - left), grows);
    }
    return checksum;
  }

  #assertNotTooLong(): void {
    const { maxBytes, request } = this.#options;
    if (this.#offset <= maxBytes) return;
    throw new MillraceError(
      "SOURCE_FAILED",
      `${request.shown}: the reply has more than ${maxBytes} bytes (source.maxBytes); raise it if it is meant to be so long`,
    );
  }
}

function isPlain(encoding: string | undefined): boolean {
  return encoding === undefined || encoding === "identity";
}
