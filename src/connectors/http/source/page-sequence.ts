/** Page after page, from one on. */
import { hash } from "node:crypto";
import { MillraceError } from "../../../core/errors.ts";
import { LoopWatch } from "./loop-watch.ts";
import type { Page, PageClient } from "./page-client.ts";
import type { PagePlace } from "./page-token.ts";
import type { Pager } from "./pager.ts";
import { type AskForPage, PagesAhead } from "./pages-ahead.ts";

/** What a {@link PageSequence} needs. */
export interface SequenceOptions {
  readonly client: PageClient;
  readonly pager: Pager;
  readonly from: PagePlace;
  /** Pages that are asked for at once. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** The source, for messages. */
  readonly shown: string;
}

/**
 * Goes from page to page until there is none, and notices when that would never be. A page that could not be had is asked
 * for again at the next call.
 */
export class PageSequence implements Disposable {
  readonly #options: SequenceOptions;
  readonly #ask: AskForPage;
  readonly #ahead: PagesAhead | null;
  readonly #loops = new LoopWatch();
  /** The page to ask for; null: there is none. */
  #next: string | null;
  /** What the latest page held. */
  #latest: { readonly page: string; readonly hash: string } | null = null;
  #goesRound = false;

  constructor(options: SequenceOptions) {
    const { client, pager, from, concurrency, signal } = options;
    this.#options = options;
    this.#next = from.page;
    this.#loops.isAgain(from.page);
    this.#ask = (page, stop) => client.ask(page, stop, page === from.page ? from.validators : undefined);
    const ahead = pager.ahead?.bind(pager);
    const isAhead = ahead !== undefined && concurrency > 1;
    this.#ahead = isAhead ? new PagesAhead({ ask: this.#ask, ahead, most: concurrency, signal }) : null;
  }

  /** The next page; undefined behind the last. @throws MillraceError SOURCE_UNAVAILABLE, SOURCE_FAILED */
  async next(): Promise<Page | undefined> {
    const wanted = this.#next;
    if (wanted === null) return undefined;
    if (this.#goesRound) throw this.#circle(wanted);
    const page = await (this.#ahead?.take(wanted) ?? this.#ask(wanted, this.#options.signal));
    if (page === null) {
      this.#end();
      return undefined;
    }
    this.#assertOther(page);
    this.#goOn(page);
    return page;
  }

  [Symbol.dispose](): void {
    this.#end();
  }

  #goOn({ page, records, next }: Page): void {
    // Where the end is told by a cursor that stays the same.
    if (next === null || (records === 0 && next === page)) return this.#end();
    this.#next = next;
    this.#goesRound = this.#loops.isAgain(next);
  }

  #end(): void {
    this.#next = null;
    this.#ahead?.drop();
  }

  /** A server that does not know the parameter gives its first page for ever. */
  #assertOther(page: Page): void {
    const { pager, shown } = this.#options;
    if (pager.ahead === undefined || page.records < 2) return;
    const now = hash("sha1", page.bytes.subarray(page.borders[0], page.borders.at(-1)));
    const before = this.#latest;
    this.#latest = { page: page.page, hash: now };
    if (before?.hash !== now) return;
    throw new MillraceError(
      "SOURCE_FAILED",
      `${shown}: ${pager.shown(page.page)} holds the same ${page.records} records as ${pager.shown(before.page)}: does the ` +
        "server know this parameter? Name the one it knows in source.pagination.param",
    );
  }

  #circle(page: string): MillraceError {
    const { pager, shown } = this.#options;
    return new MillraceError(
      "SOURCE_FAILED",
      `${shown}: the pages go round in a loop: ${pager.shown(page)} was there before, and a server that names it again has no ` +
        "end; look at source.pagination, or tell its owner",
    );
  }
}
