/** A source whose replies are read whole, page after page: one split. */
import type { Position } from "../../../core/position.ts";
import type { BoundSource, FrameReader, SplitPlan } from "../../../core/ports/source.ts";
import type { HttpClient } from "../client/port.ts";
import type { HttpSourceOptions } from "../source-options.ts";
import { bodyReader } from "./page-body.ts";
import { PageClient } from "./page-client.ts";
import { PageFrames } from "./page-frames.ts";
import { PageSequence } from "./page-sequence.ts";
import { pageToken, parsePageToken } from "./page-token.ts";
import type { Pager } from "./pager.ts";
import { pagerOf } from "./pager-of.ts";
import { poolsOf } from "./pools.ts";

/** The longest page unless the job says otherwise: it is held in memory. */
const MAX_PAGE_BYTES = 64 * 1024 * 1024;

/** The pages of one address. */
export class PagedSource implements BoundSource {
  readonly label: string;
  readonly splits: readonly SplitPlan[];
  readonly #client: HttpClient;
  readonly #options: HttpSourceOptions;
  readonly #pager: Pager;
  readonly #pages: PageClient;
  readonly #shown: string;

  /** @param shown the address as it may be shown: the split's id */
  constructor(client: HttpClient, options: HttpSourceOptions, shown: string) {
    this.label = `http ${shown}`;
    this.#client = client;
    this.#options = options;
    this.#shown = shown;
    this.#pager = pagerOf(options, shown);
    const { maxBytes = MAX_PAGE_BYTES } = options;
    this.#pages = new PageClient({ client, pager: this.#pager, readBody: bodyReader(options), maxBytes, shown });
    this.splits = [{ id: shown, origin: pageToken({ page: this.#pager.first, index: 0 }) }];
  }

  async open(_split: SplitPlan, { token }: Position, signal: AbortSignal): Promise<FrameReader> {
    const { concurrency, incremental } = this.#options;
    const pager = this.#pager;
    const from = parsePageToken(token);
    const pages = new PageSequence({ client: this.#pages, pager, from, concurrency, signal, shown: this.#shown });
    return new PageFrames({ pages, pager, from, incremental, signal });
  }

  /** Only asking tells whether anything is new, and a page of which nothing is asks for next to nothing. */
  async continueFrom(): Promise<BoundSource> {
    return this;
  }

  async look(signal: AbortSignal): Promise<string> {
    const page = await this.#pages.ask(this.#pager.first, signal);
    const records = page?.records ?? 0;
    const more = page?.next === null || page === null ? "and no page behind it" : "and more pages behind it";
    return `the first page has ${records} ${records === 1 ? "record" : "records"}, ${more}`;
  }

  pools(): { readonly [name: string]: number } {
    return poolsOf(this.#client);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}
