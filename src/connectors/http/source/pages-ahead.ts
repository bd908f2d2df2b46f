/** Asks for several pages at once, and gives them in their order. */
import type { Page } from "./page-client.ts";

/** Asks for one page. */
export type AskForPage = (page: string, signal: AbortSignal) => Promise<Page | null>;

/** What came of asking; null while nobody asks. */
type Outcome = Promise<{ readonly page: Page | null } | { readonly thrown: unknown }> | null;

interface Place {
  readonly page: string;
  outcome: Outcome;
}

/** What {@link PagesAhead} need. */
export interface AheadOptions {
  readonly ask: AskForPage;
  /** Tells the page behind one. */
  readonly ahead: (page: string) => string;
  /** Pages that are held or under way. */
  readonly most: number;
  readonly signal: AbortSignal;
}

/** The pages that come next, as far as they are known beforehand. */
export class PagesAhead {
  readonly #options: AheadOptions;
  readonly #places: Place[] = [];
  #stop = new AbortController();
  /** Of the requests that are under way. */
  #signal: AbortSignal;

  constructor(options: AheadOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
  }

  /**
   * Waits for a page, and asks for those behind it meanwhile. What went wrong with one is thrown when its turn comes, and
   * the page asked for again at the next call.
   */
  async take(page: string): Promise<Page | null> {
    if (this.#places[0]?.page !== page) this.drop();
    this.#askAhead(page);
    const place = this.#places[0] as Place;
    const outcome = await (place.outcome as NonNullable<Outcome>);
    if ("thrown" in outcome) {
      place.outcome = null;
      throw outcome.thrown;
    }
    this.#places.shift();
    return outcome.page;
  }

  /** Nothing of what was asked for is wanted. */
  drop(): void {
    if (this.#places.length === 0) return;
    this.#places.length = 0;
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#signal = AbortSignal.any([this.#options.signal, this.#stop.signal]);
  }

  #askAhead(first: string): void {
    const { ahead, most } = this.#options;
    for (let page = this.#places.at(-1)?.page ?? null; this.#places.length < most; ) {
      page = page === null ? first : ahead(page);
      this.#places.push({ page, outcome: null });
    }
    for (const place of this.#places) place.outcome ??= this.#outcomeOf(place.page);
  }

  async #outcomeOf(page: string): Promise<{ readonly page: Page | null } | { readonly thrown: unknown }> {
    try {
      return { page: await this.#options.ask(page, this.#signal) };
    } catch (thrown) {
      return { thrown };
    }
  }
}
