/** Pages that are called by numbers: those of the pages, or of their first records. */
import { MillraceError } from "../../../core/errors.ts";
import type { HttpCall } from "../client/port.ts";
import type { HttpSourceOptions } from "../source-options.ts";
import type { PageEnd, Pager } from "./pager.ts";
import type { RequestTemplate } from "./request-template.ts";

type Pagination = HttpSourceOptions["pagination"];

/** What both kinds have in common: the parameters, and that a page with too few records is the last. */
class NumberedPages {
  readonly first: string;
  readonly #template: RequestTemplate;
  readonly #param: string;
  readonly #size: number | undefined;
  readonly #sizes: Readonly<Record<string, number>>;

  constructor(template: RequestTemplate, { type, param = type, start, size, sizeParam }: Pagination, start0: number) {
    this.first = String(start ?? start0);
    this.#template = template;
    this.#param = param;
    this.#size = size;
    this.#sizes = size === undefined || sizeParam === undefined ? {} : { [sizeParam]: size };
  }

  call(page: string): HttpCall {
    return this.#template.call({ parameters: { ...this.#sizes, [this.#param]: numberOf(page) } });
  }

  isLast(records: number): boolean {
    return records === 0 || (this.#size !== undefined && records < this.#size);
  }

  get size(): number | undefined {
    return this.#size;
  }

  shown(page: string): string {
    return `${this.#param} ${page}`;
  }
}

/** `pagination.type: page`. */
export class PagesByNumber extends NumberedPages implements Pager {
  constructor(template: RequestTemplate, pagination: Pagination) {
    super(template, pagination, 1);
  }

  next(page: string, { records }: PageEnd): string | null {
    return this.isLast(records) ? null : this.ahead(page);
  }

  ahead(page: string): string {
    return String(numberOf(page) + 1);
  }

  /** Without a size nobody knows whether a page is full. */
  mayGrow(records: number): boolean {
    return this.size === undefined || records < this.size;
  }
}

/** `pagination.type: offset`. */
export class PagesByOffset extends NumberedPages implements Pager {
  constructor(template: RequestTemplate, pagination: Pagination) {
    super(template, pagination, 0);
  }

  next(page: string, { records }: PageEnd): string | null {
    return this.isLast(records) ? null : this.behind(page, records);
  }

  behind(page: string, records: number): string {
    return String(numberOf(page) + records);
  }

  /** The rules have made sure that there is a size where pages are asked for ahead. */
  ahead(page: string): string {
    return this.behind(page, this.size ?? 0);
  }

  mayGrow(): boolean {
    return false;
  }
}

function numberOf(page: string): number {
  const number = Number(page);
  if (Number.isSafeInteger(number)) return number;
  throw new MillraceError(
    "SOURCE_CHANGED",
    "source.pagination: the saved position is no page number; was the pagination changed? Change it back, or begin again with --restart",
  );
}
