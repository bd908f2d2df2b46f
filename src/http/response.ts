/** What a server answered, read to its end. */
import type { HttpReply } from "../connectors/http/client/port.ts";
import { shownUrl } from "../connectors/http/client/shown-url.ts";
import { MillraceError } from "../core/errors.ts";

/** An answer, whatever its status means. */
export class HttpResponse {
  readonly status: number;
  /** Where it came from, after redirects, without its query: there may be a secret in it. */
  readonly url: string;
  /** Inflated. */
  readonly body: Uint8Array;
  readonly #reply: HttpReply;

  constructor(reply: HttpReply) {
    this.status = reply.status;
    this.url = shownUrl(reply.url);
    this.body = reply.body;
    this.#reply = reply;
  }

  /** Whether the status is one of success, 200 to 299. */
  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  /** By its name in lower case; undefined where there is none. */
  header(name: string): string | undefined {
    return this.#reply.header(name);
  }

  /** The body as UTF-8. */
  text(): string {
    return Buffer.from(this.body.buffer, this.body.byteOffset, this.body.byteLength).toString();
  }

  /** The body's JSON, of the type that the caller expects. @throws MillraceError REQUEST_FAILED where it is none */
  json<T = unknown>(): T {
    try {
      return JSON.parse(this.text()) as T;
    } catch (cause) {
      const type = this.header("content-type") ?? "no content-type";
      throw new MillraceError("REQUEST_FAILED", `${this.url} answered ${this.status} with no JSON (${type})`, {
        cause,
        fault: "record",
        details: { status: this.status },
      });
    }
  }
}
