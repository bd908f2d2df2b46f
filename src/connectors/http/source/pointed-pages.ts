/** Pages of which each one says where the next is: by a cursor or an address in its body, or by a Link header. */
import { MillraceError } from "../../../core/errors.ts";
import type { HttpCall } from "../client/port.ts";
import { linkTarget } from "./link-header.ts";
import type { PageAddresses } from "./page-addresses.ts";
import type { PageEnd, Pager } from "./pager.ts";
import type { PageValue, RequestTemplate } from "./request-template.ts";

/** The page that is asked for by the job's own address. */
const FIRST = "null";
/** Characters of a cursor that a message shows. */
const SHOWN = 40;

/** One reply and no more. */
export class SinglePage implements Pager {
  readonly first = FIRST;
  readonly #template: RequestTemplate;

  constructor(template: RequestTemplate) {
    this.#template = template;
  }

  call(page: string): HttpCall {
    if (page !== FIRST) throw otherKind();
    return this.#template.call();
  }

  next(): null {
    return null;
  }

  mayGrow(): boolean {
    return true;
  }

  shown(): string {
    return "the reply";
  }
}

/** What a {@link PagesByCursor} needs. */
export interface CursorOptions {
  readonly template: RequestTemplate;
  readonly addresses: PageAddresses;
  /** Absent: `cursor`, and a cursor that looks like an address is one. */
  readonly param: string | undefined;
  /** JSON pointer, for messages. */
  readonly next: string;
  /** Asks for pages of a size. */
  readonly sizes: Readonly<Record<string, number>>;
}

/** `pagination.type: cursor`. */
export class PagesByCursor implements Pager {
  readonly first = FIRST;
  readonly #options: CursorOptions;

  constructor(options: CursorOptions) {
    this.#options = options;
  }

  call(page: string): HttpCall {
    const { template, addresses, param, sizes } = this.#options;
    if (page === FIRST) return template.call({ parameters: sizes });
    const cursor = cursorOf(page);
    if (this.#isAddress(cursor)) return template.call({ url: addresses.url(cursor) });
    return template.call({ parameters: { ...sizes, [param ?? "cursor"]: cursor } });
  }

  next(_page: string, { next, url }: PageEnd): string | null {
    if (next === undefined || next === "null" || next === "false" || next === '""') return null;
    const first = next[0] as string;
    if (first === "{" || first === "[" || first === "t") {
      const what = first === "{" ? "an object" : first === "[" ? "an array" : "true";
      throw new MillraceError(
        "SOURCE_FAILED",
        `source.pagination.next: ${this.#options.next} holds ${what} in the reply, and the next page's cursor or address was ` +
          "expected: text or a number",
      );
    }
    if (first !== '"') return next;
    const cursor = JSON.parse(next) as string;
    return this.#isAddress(cursor) ? JSON.stringify(this.#options.addresses.keep(cursor, url)) : next;
  }

  mayGrow(): boolean {
    return false;
  }

  shown(page: string): string {
    if (page === FIRST) return "the first page";
    const cursor = cursorOf(page);
    return this.#isAddress(cursor) ? `the page at ${withoutQuery(cursor)}` : `cursor ${shortened(String(cursor))}`;
  }

  /** Where the job names a parameter the cursor goes there, whatever it looks like. */
  #isAddress(cursor: PageValue): cursor is string {
    return this.#options.param === undefined && typeof cursor === "string" && /^(?:https?:\/\/|\/|\?)/i.test(cursor);
  }
}

/** `pagination.type: link`. */
export class PagesByLink implements Pager {
  readonly first = FIRST;
  readonly #template: RequestTemplate;
  readonly #addresses: PageAddresses;
  readonly #sizes: Readonly<Record<string, number>>;

  constructor({ template, addresses, sizes }: Pick<CursorOptions, "template" | "addresses" | "sizes">) {
    this.#template = template;
    this.#addresses = addresses;
    this.#sizes = sizes;
  }

  call(page: string): HttpCall {
    if (page === FIRST) return this.#template.call({ parameters: this.#sizes });
    const kept = cursorOf(page);
    if (typeof kept !== "string" || !kept.startsWith("/")) throw otherKind();
    return this.#template.call({ url: this.#addresses.url(kept) });
  }

  next(_page: string, { links, url }: PageEnd): string | null {
    const target = links === undefined ? undefined : linkTarget(links, "next");
    return target === undefined ? null : JSON.stringify(this.#addresses.keep(target, url));
  }

  mayGrow(): boolean {
    return false;
  }

  shown(page: string): string {
    return page === FIRST ? "the first page" : `the page at ${withoutQuery(String(cursorOf(page)))}`;
  }
}

/** A text, or a number that is written as it came. */
function cursorOf(page: string): PageValue {
  if (page.startsWith('"')) return JSON.parse(page) as string;
  const number = Number(page);
  return String(number) === page && Number.isSafeInteger(number) ? number : page;
}

function withoutQuery(address: string): string {
  return /^[^?#]*/.exec(address)?.[0] ?? "";
}

function shortened(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
}

function otherKind(): MillraceError {
  return new MillraceError(
    "SOURCE_CHANGED",
    "source.pagination: the saved position is of another kind of pagination; change it back, or begin again with --restart",
  );
}
