/** The records of page after page as frames: each one's own bytes, cut out of its page. */
import { crc32 } from "node:zlib";
import type { SharedBytes } from "../../../core/chunk.ts";
import { abortError } from "../../../core/clock.ts";
import type { FrameBatch, FrameReader } from "../../../core/ports/source.ts";
import type { Page } from "./page-client.ts";
import type { PageSequence } from "./page-sequence.ts";
import { type PagePlace, pageToken } from "./page-token.ts";
import type { Pager } from "./pager.ts";

/** What {@link PageFrames} need. */
export interface FramesOptions {
  readonly pages: PageSequence;
  readonly pager: Pager;
  readonly from: PagePlace;
  /** Whether a later run asks for the last page again. */
  readonly incremental: boolean;
  readonly signal: AbortSignal;
}

/** Some records of a page. */
interface Stretch {
  readonly begin: number;
  readonly end: number;
  readonly bytes: number;
}

/** Reads pages from a place on. */
export class PageFrames implements FrameReader {
  readonly kind = "frames";
  readonly #options: FramesOptions;
  #page: Page | undefined;
  /** Records of the page that are behind. */
  #given = 0;
  #isFirst = true;

  constructor(options: FramesOptions) {
    this.#options = options;
  }

  async read(maxBytes: number, lease: (bytes: number) => Promise<SharedBytes>): Promise<FrameBatch | undefined> {
    const { pages, signal } = this.#options;
    for (;;) {
      if (signal.aborted) throw abortError(signal);
      const page = this.#page;
      if (page !== undefined && this.#given < page.records) {
        const stretch = stretchOf(page, this.#given, maxBytes);
        const frames = this.#frames(page, stretch, await lease(stretch.bytes));
        this.#given = stretch.end;
        return frames;
      }
      // Let go of before the next one is waited for.
      this.#page = undefined;
      const next = await pages.next();
      if (next === undefined) return undefined;
      this.#enter(next);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#page = undefined;
    this.#options.pages[Symbol.dispose]();
  }

  #enter(page: Page): void {
    this.#page = page;
    this.#given = this.#isFirst ? recordsBehind(page, this.#options.from) : 0;
    this.#isFirst = false;
  }

  #frames(page: Page, { begin, end, bytes }: Stretch, memory: SharedBytes): FrameBatch {
    const { borders } = page;
    const count = end - begin;
    const ends = new Int32Array(count);
    const marks = new Float64Array(count);
    let at = 0;
    for (let record = begin; record < end; record++) {
      const source = page.bytes.subarray(borders[2 * record], borders[2 * record + 1]);
      memory.bytes.set(source, at);
      at += source.length;
      ends[record - begin] = at;
      marks[record - begin] = crc32(source);
    }
    const { page: key, records, next, validators } = page;
    const about = { page: key, records, next, validators };
    const after = (index: number): string => this.#tokenBehind(about, begin + index + 1, marks[index] as number);
    const of = (index: number): string => pageToken(this.#named(key, begin + index));
    return { memory, bytes, ends, tokens: { after, of } };
  }

  #tokenBehind(page: Pick<Page, "page" | "records" | "next" | "validators">, index: number, mark: number): string {
    const { pager, incremental } = this.#options;
    const { page: key, records, next, validators } = page;
    if (pager.behind !== undefined) return pageToken(this.#named(key, index));
    const isLast = index === records;
    if (isLast && next !== null && !pager.mayGrow(records)) return pageToken({ page: next, index: 0 });
    return pageToken({ page: key, index, mark, ...(isLast && next === null && incremental && { validators }) });
  }

  /** Where any record may begin a page the place is that page. */
  #named(page: string, index: number): PagePlace {
    const { pager } = this.#options;
    return pager.behind === undefined ? { page, index } : { page: pager.behind(page, index), index: 0 };
  }
}

/** The next records that fit, at least one. */
function stretchOf({ borders, records }: Page, begin: number, maxBytes: number): Stretch {
  let [end, bytes] = [begin, 0];
  for (; end < records; end++) {
    const size = (borders[2 * end + 1] as number) - (borders[2 * end] as number);
    if (end > begin && bytes + size > maxBytes) break;
    bytes += size;
  }
  return { begin, end, bytes };
}

/**
 * How many records of the page are behind: as many as the place says, if the last of them is still where it was. Else what
 * stands before it has come or gone meanwhile, and the page is read again from its start: better twice than not at all.
 */
function recordsBehind({ bytes, borders, records }: Page, { index, mark }: PagePlace): number {
  if (index === 0 || index > records) return 0;
  const last = bytes.subarray(borders[2 * index - 2], borders[2 * index - 1]);
  return mark === undefined || crc32(last) === mark ? index : 0;
}
