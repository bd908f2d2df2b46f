/** Addresses of calls: parts of the client's own, with values filled in so that none can lead elsewhere. */
import { shownUrl } from "../connectors/http/client/shown-url.ts";
import { MillraceError } from "../core/errors.ts";

/** Parameters of a call; those that are undefined are left out. */
export type HttpQuery = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

/**
 * An address with values filled in, each of them escaped: whatever a record holds, it stays one step of the path or one
 * value of the query.
 *
 * @throws MillraceError REQUEST_FAILED for a value that is empty, `.` or `..`: that would be the address of something else
 * @example
 * await api.getJson(path`users/${order.userId}/cards`);
 */
export function path(texts: TemplateStringsArray, ...values: readonly (string | number | bigint)[]): string {
  return texts.reduce((address, text, index) => address + escaped(values[index - 1] ?? "") + text);
}

function escaped(value: string | number | bigint): string {
  const text = String(value);
  if (text === "" || text === "." || text === "..") {
    throw new MillraceError("REQUEST_FAILED", `${JSON.stringify(text)} cannot be a part of an address`);
  }
  return encodeURIComponent(text);
}

/** Where calls go. */
export class Addresses {
  readonly #base: URL | undefined;

  /** @param url the client's own; undefined: calls give whole addresses */
  constructor(url: string | undefined) {
    this.#base = url === undefined ? undefined : new URL(url);
    if (this.#base?.pathname.endsWith("/") === false) this.#base.pathname += "/";
  }

  /**
   * The whole address of a call.
   *
   * @throws MillraceError USAGE for one that is none; REQUEST_FAILED for one that leads out of the client's own
   */
  of(address: string | URL, query: HttpQuery = {}): URL {
    const url = this.#resolved(address);
    for (const [name, value] of this.#base?.searchParams ?? []) {
      if (!url.searchParams.has(name)) url.searchParams.append(name, value);
    }
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url;
  }

  #resolved(address: string | URL): URL {
    const base = this.#base;
    const text = String(address);
    const isWhole = base === undefined || /^[a-z][a-z\d+.-]*:/i.test(text);
    const url = URL.parse(isWhole ? text : text.replace(/^\/*/, "./"), base?.href);
    if (url === null || !/^https?:$/.test(url.protocol)) {
      const what =
        base === undefined ? "a whole address, since the client has no `url`" : "an address or a part of one";
      throw new MillraceError("USAGE", `expected ${what}`);
    }
    if (base !== undefined && (url.origin !== base.origin || !url.pathname.startsWith(base.pathname))) {
      throw new MillraceError(
        "REQUEST_FAILED",
        `${shownUrl(url)} lies outside of the client's \`url\`, ${shownUrl(base)}`,
      );
    }
    return url;
  }
}
