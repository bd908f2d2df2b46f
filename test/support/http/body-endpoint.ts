/** One long body, with the validators and ranges of HTTP (RFC 9110), which may be missing or lie. */
import type { GeneratedBody } from "./generated-body.ts";
import { type Endpoint, emptyReply, type Reply, type Request } from "./reply.ts";

/** What a server does when a part of a body is asked for. */
export type Ranges = "honoured" | "ignored" | "shifted";

/** How the endpoint differs from the usual one. */
export interface BodyEndpointOptions {
  /** Tells that the body is still the same. */
  readonly etag?: "strong" | "weak" | "none";
  readonly lastModified?: boolean;
  /** `shifted`: other bytes than were asked for, and it says so. */
  readonly ranges?: Ranges;
  /** Whether Content-Length is known. */
  readonly measured?: boolean;
}

const TYPE = "application/octet-stream";

/** One resource whose body can be changed. */
export class BodyEndpoint implements Endpoint {
  /** The resource is not changed by changing this: see {@link replace}. */
  #body: GeneratedBody;
  #edition = 1;
  readonly #options: BodyEndpointOptions;

  constructor(body: GeneratedBody, options: BodyEndpointOptions = {}) {
    this.#body = body;
    this.#options = options;
  }

  /** The resource becomes another one, and its validators tell. */
  replace(body: GeneratedBody): void {
    this.#body = body;
    this.#edition++;
  }

  answer({ headers }: Request): Reply {
    if (this.#isUnchanged(headers)) return emptyReply(304, this.#validators());
    const { ranges = "honoured", measured = true } = this.#options;
    const size = this.#body.size;
    const asked = /^bytes=(\d+)-$/.exec(headers["range"] ?? "")?.[1];
    const plain = {
      "content-type": TYPE,
      ...this.#validators(),
      ...(ranges !== "ignored" && { "accept-ranges": "bytes" }),
    };
    if (asked === undefined || ranges === "ignored" || !this.#isSame(headers["if-range"])) {
      return { status: 200, headers: plain, body: this.#body.bytes(), ...(measured && { length: size }) };
    }
    if (Number(asked) >= size) return emptyReply(416, { "content-range": `bytes */${size}` });
    const from = Math.max(0, Number(asked) - (ranges === "shifted" ? 7 : 0));
    const range = { "content-range": `bytes ${from}-${size - 1}/${size}` };
    return { status: 206, headers: { ...plain, ...range }, body: this.#body.bytes(from), length: size - from };
  }

  #validators(): { readonly [name: string]: string } {
    const { etag = "strong", lastModified = false } = this.#options;
    const tag = `${etag === "weak" ? "W/" : ""}"edition-${this.#edition}"`;
    return { ...(etag !== "none" && { etag: tag }), ...(lastModified && { "last-modified": this.#modified }) };
  }

  get #modified(): string {
    return new Date(Date.UTC(2026, 0, this.#edition)).toUTCString();
  }

  #isUnchanged(headers: Request["headers"]): boolean {
    const { etag, "last-modified": modified } = this.#validators();
    if (headers["if-none-match"] !== undefined) return headers["if-none-match"] === etag;
    return modified !== undefined && headers["if-modified-since"] === modified;
  }

  /** A weak validator does not say that two bodies are the same byte by byte. */
  #isSame(ifRange: string | undefined): boolean {
    if (ifRange === undefined) return true;
    const { etag, "last-modified": modified } = this.#validators();
    return ifRange === modified || (ifRange === etag && !ifRange.startsWith("W/"));
  }
}
