/**
 * Addresses of pages that the server itself names.
 *
 * Such an address is a part of the position, and what a position holds is stored and shown: so it is kept without its
 * host, and a parameter that stands in it with the value that the job gave it (an access key, perhaps) is kept by name only.
 */
import { MillraceError } from "../../../core/errors.ts";

/** Stands for the job's own value. No server's parameter is this. */
const AS_GIVEN = "\u0000";

/** Reads addresses, and gives them back. */
export class PageAddresses {
  readonly #base: URL;
  readonly #shown: string;
  /** Values by name that are not to be kept. */
  readonly #given: ReadonlyMap<string, string>;

  /**
   * @param base address of the first page
   * @param shown the same for messages
   * @param secret a parameter that the client adds by itself
   */
  constructor(base: URL, shown: string, secret?: { readonly name: string; readonly value: string }) {
    this.#base = base;
    this.#shown = shown;
    this.#given = new Map([
      ...base.searchParams,
      ...(secret === undefined ? [] : [[secret.name, secret.value] as const]),
    ]);
  }

  /**
   * How an address is kept.
   *
   * @param target absolute or relative
   * @param from address of the page that names it
   * @throws MillraceError SOURCE_FAILED where it is none, or one of another server: credentials stay at home
   */
  keep(target: string, from: URL): string {
    const url = URL.parse(target, from.href);
    if (url === null) throw this.#refused("names a next page whose address is none; is pagination.type right?");
    if (url.origin !== this.#base.origin) {
      throw this.#refused(
        `names a next page at ${url.origin}, and nothing is sent to another server than that of source.url; if it is the ` +
          "same one, set source.url to that address",
      );
    }
    for (const [name, value] of this.#given) {
      if (value !== "" && url.searchParams.get(name) === value) url.searchParams.set(name, AS_GIVEN);
    }
    return url.pathname + url.search;
  }

  /** The address itself. */
  url(kept: string): URL {
    const url = new URL(this.#base);
    const { pathname, search } = new URL(kept, this.#base);
    url.pathname = pathname;
    url.search = search;
    for (const [name, value] of this.#given) {
      if (url.searchParams.get(name) === AS_GIVEN) url.searchParams.set(name, value);
    }
    return url;
  }

  #refused(what: string): MillraceError {
    return new MillraceError("SOURCE_FAILED", `${this.#shown}: the reply ${what}`);
  }
}
