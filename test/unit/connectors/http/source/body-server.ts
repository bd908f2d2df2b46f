/** A server with one body that may change: as web servers serve files, with parts and conditions (RFC 9110). */
import { hash } from "node:crypto";
import { type FakeAnswer, FakeHttpClient, type FakeRequest } from "./fake-http-client.ts";

/** What it does. */
export interface BodyServerOptions {
  /** Gives parts of the body where they are asked for. */
  readonly parts?: boolean;
  /** Sends an ETag. */
  readonly etag?: "strong" | "weak";
  /** The connection is lost behind so many bytes of each of the first replies. */
  readonly cuts?: readonly number[];
  readonly pieceBytes?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The server, and the client that reaches it. */
export class BodyServer implements AsyncDisposable {
  body: string | Uint8Array;
  readonly client: FakeHttpClient;
  readonly #options: BodyServerOptions;
  readonly #cuts: number[];

  constructor(body: string | Uint8Array, options: BodyServerOptions = {}) {
    this.body = body;
    this.#options = options;
    this.#cuts = [...(options.cuts ?? [])];
    this.client = new FakeHttpClient((request) => this.#answer(request), options.pieceBytes);
  }

  /** The ranges that were asked for, null where none was. */
  get ranges(): readonly (string | null)[] {
    return this.client.requests.map(({ headers }) => headers["range"] ?? null);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #answer({ headers: asked }: FakeRequest): FakeAnswer {
    const { parts, etag, headers } = this.#options;
    const body = Buffer.from(this.body);
    const tag = `${etag === "weak" ? "W/" : ""}"${hash("sha256", body).slice(0, 8)}"`;
    const all = {
      ...(parts === true && { "accept-ranges": "bytes" }),
      ...(etag !== undefined && { etag: tag }),
      "content-length": String(body.length),
      ...headers,
    };
    const begin = Number(/^bytes=(?<begin>\d+)-$/.exec(asked["range"] ?? "")?.groups?.["begin"] ?? -1);
    const cutAt = this.#cuts.shift();
    const cut = cutAt === undefined ? {} : { cutAt };
    if (parts !== true || begin < 0 || asked["if-range"] !== tag) return { headers: all, body, ...cut };
    const { length } = body;
    if (begin >= length) return { status: 416, headers: { "content-range": `bytes */${length}` } };
    const range = { "content-range": `bytes ${begin}-${length - 1}/${length}` };
    return { status: 206, headers: { ...all, ...range }, body: body.subarray(begin), ...cut };
  }
}
