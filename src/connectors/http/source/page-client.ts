/** Asks for one page and takes it apart. */
import type { HttpClient, HttpReply } from "../client/port.ts";
import type { BodyReader } from "./page-body.ts";
import type { Validators } from "./page-token.ts";
import type { Pager } from "./pager.ts";

/** A page that came. */
export interface Page {
  /** As its pager calls it. */
  readonly page: string;
  readonly bytes: Buffer;
  /** Begin and end of each record in turn. */
  readonly borders: Int32Array;
  readonly records: number;
  /** The page behind it; null: it is the last. */
  readonly next: string | null;
  readonly validators: Validators;
}

/** What a {@link PageClient} needs. */
export interface PageClientOptions {
  readonly client: HttpClient;
  readonly pager: Pager;
  readonly readBody: BodyReader;
  readonly maxBytes: number;
  /** The source, for messages. */
  readonly shown: string;
}

const NOT_MODIFIED = 304;
const NO_CONTENT = 204;

/** Asks for pages; knows nothing of their order. */
export class PageClient {
  readonly #options: PageClientOptions;

  constructor(options: PageClientOptions) {
    this.#options = options;
  }

  /**
   * @param known what the page was when it was asked for last: null is the answer where nothing is new
   * @throws MillraceError SOURCE_UNAVAILABLE, SOURCE_FAILED
   */
  async ask(page: string, signal: AbortSignal, known?: Validators): Promise<Page | null> {
    const { client, pager, maxBytes } = this.#options;
    const call = pager.call(page);
    const headers = { ...call.headers, ...conditions(known) };
    const reply = await client.send({ ...call, headers }, { signal, maxBytes });
    const { status } = reply;
    if (status === NOT_MODIFIED && known !== undefined) return null;
    if (status < 200 || status > 299) throw client.faultOf(reply, reply.body);
    return this.#pageOf(page, reply);
  }

  #pageOf(page: string, reply: HttpReply): Page {
    const { client, pager, readBody, shown } = this.#options;
    const { byteOffset, byteLength, buffer } = reply.body;
    const bytes = Buffer.from(buffer, byteOffset, byteLength);
    const where = `${shown}, ${pager.shown(page)}`;
    const { borders, next } =
      reply.status === NO_CONTENT
        ? { borders: new Int32Array(0), next: undefined }
        : readBody({ bytes, type: reply.header("content-type"), where, hide: (text) => client.hide(text) });
    const records = borders.length / 2;
    const end = { records, next, links: reply.header("link"), url: reply.url };
    return { page, bytes, borders, records, next: pager.next(page, end), validators: validatorsOf(reply) };
  }
}

function conditions({ etag, modified }: Validators = {}): Readonly<Record<string, string>> {
  return {
    ...(etag !== undefined && { "if-none-match": etag }),
    ...(modified !== undefined && { "if-modified-since": modified }),
  };
}

/** A time counts whole seconds, so it says something only of what has stood for one when it is read (RFC 9110, 8.8.2.2). */
function validatorsOf(reply: HttpReply): Validators {
  const etag = reply.header("etag");
  if (etag !== undefined) return { etag };
  const modified = reply.header("last-modified");
  const stoodMs = Date.parse(reply.header("date") ?? "") - Date.parse(modified ?? "");
  return modified !== undefined && stoodMs > 1_000 ? { modified } : {};
}
