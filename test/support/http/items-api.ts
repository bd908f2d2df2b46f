/** An API whose items come page by page, found in any of the usual ways; its rows may shift and its cursors may run in circles. */
import { type Endpoint, jsonReply, type Reply, type Request } from "./reply.ts";

/** How the next page is found. */
export type Paging = "cursor" | "page" | "offset" | "link" | "none";

/** How an API differs from the usual one. */
export interface ItemsOptions {
  readonly by?: Paging;
  readonly total: number;
  /** Items of a page. */
  readonly size?: number;
  /** Once so many pages were given: rows that come in, or go, before all others. */
  readonly shift?: { readonly afterPages: number; readonly rows: number; readonly kind: "insert" | "remove" };
  /** The cursor behind this page, from 0, leads back so many pages: 1 is the page itself. */
  readonly loop?: { readonly page: number; readonly back: number };
}

/** Ends a cursor that nobody is to look into. */
const CURSOR = /^after:(-?\d+)$/;

/** One API. Numbers of its items are not to be read as floating-point numbers: `big` has more digits than these. */
export class ItemsApi implements Endpoint {
  readonly #options: ItemsOptions;
  readonly #size: number;
  #ids: readonly number[];
  #pages = 0;

  constructor(options: ItemsOptions) {
    this.#options = options;
    this.#size = options.size ?? 100;
    this.#ids = Array.from({ length: options.total }, (_, id) => id);
  }

  /** The ids that it has now, in their order. */
  get ids(): readonly number[] {
    return this.#ids;
  }

  /** More items come in behind all others. */
  append(count: number): void {
    const next = (this.#ids.at(-1) ?? -1) + 1;
    this.#ids = [...this.#ids, ...Array.from({ length: count }, (_, n) => next + n)];
  }

  answer({ url }: Request): Reply {
    const { by = "cursor" } = this.#options;
    const begin = this.#beginOf(url);
    const ids = by === "none" ? this.#ids : this.#ids.slice(begin, begin + this.#size);
    const next = by === "none" ? null : this.#nextOf(begin);
    this.#shift();
    const rows = ids.map(itemText).join(",");
    if (by === "link") return jsonReply(`[${rows}]`, 200, linkTo(url, next));
    if (by === "cursor") return jsonReply(`{"data":[${rows}],"next":${JSON.stringify(next)}}`);
    return jsonReply(`{"data":[${rows}],"total":${this.#ids.length}}`);
  }

  /** Index of the first item that is asked for. */
  #beginOf({ searchParams }: URL): number {
    const { by = "cursor" } = this.#options;
    if (by === "page") return (Number(searchParams.get("page") ?? 1) - 1) * this.#size;
    if (by === "offset") return Number(searchParams.get("offset") ?? 0);
    const after = CURSOR.exec(Buffer.from(searchParams.get("cursor") ?? "", "base64url").toString())?.[1];
    if (after === undefined) return 0;
    // A cursor names an item and no number, so that it stays where it is when rows come in before it.
    const index = this.#ids.findIndex((id) => id > Number(after));
    return index === -1 ? this.#ids.length : index;
  }

  #nextOf(begin: number): string | null {
    const { loop } = this.#options;
    const page = Math.floor(begin / this.#size);
    const end = loop?.page === page ? Math.max(0, page + 1 - loop.back) * this.#size : begin + this.#size;
    const last = this.#ids[end - 1];
    if (end >= this.#ids.length) return null;
    return Buffer.from(`after:${last ?? Number.MIN_SAFE_INTEGER}`).toString("base64url");
  }

  #shift(): void {
    const { shift } = this.#options;
    if (++this.#pages !== shift?.afterPages) return;
    const came = Array.from({ length: shift.rows }, (_, n) => n - shift.rows);
    this.#ids = shift.kind === "insert" ? [...came, ...this.#ids] : this.#ids.slice(shift.rows);
  }
}

/** An item as it stands in a page. */
export function itemText(id: number): string {
  return `{"id":${id},"name":"n${id}","big":${bigOf(id)}}`;
}

/** Not to be held by a floating-point number. */
function bigOf(id: number): string {
  return `${9_007_199_254_740_993n + BigInt(id)}000001`;
}

function linkTo(url: URL, next: string | null): { readonly [name: string]: string } {
  if (next === null) return {};
  return { link: `<${url.pathname}>; rel="first", <${url.pathname}?cursor=${next}>; title="a, b"; rel=next` };
}
