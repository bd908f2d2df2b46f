/** The resume word of paged replies: a page, how many of its records are behind, and what tells that it is the same page. */
import { MillraceError } from "../../../core/errors.ts";
import { searchJson } from "./json-search.ts";

/** What a server sends so that it can be asked whether anything is new. */
export interface Validators {
  readonly etag?: string;
  readonly modified?: string;
}

/** A place in the pages. */
export interface PagePlace {
  /** As its pager calls it: a JSON text. */
  readonly page: string;
  /** Records of the page that are behind. */
  readonly index: number;
  /** Checksum of the last of these. */
  readonly mark?: number;
  /** Of a last page that was read to its end. */
  readonly validators?: Validators;
}

/**
 * As text, JSON without blanks.
 *
 * @example
 * pageToken({ page: '"abc"', index: 3 }); // '{"page":"abc","index":3}'
 */
export function pageToken({ page, index, mark, validators }: PagePlace): string {
  const further = JSON.stringify({ index, mark, ...validators }).slice(1);
  return `{"page":${page},${further}`;
}

/** @throws MillraceError SOURCE_CHANGED for a position that another kind of source left */
export function parsePageToken(token: string): PagePlace {
  const { index, mark, etag, modified } = membersOf(token);
  const bytes = Buffer.from(token);
  // a large number stays what it is
  const search = searchJson(bytes, [{ steps: ["page"] }]);
  const place = search.kind === "found" ? search.places[0] : undefined;
  if (place === undefined || index === undefined) throw unknown();
  const validators = { ...(etag !== undefined && { etag }), ...(modified !== undefined && { modified }) };
  return {
    page: bytes.toString("utf8", place.begin, place.end),
    index,
    ...(mark !== undefined && { mark }),
    ...(Object.keys(validators).length > 0 && { validators }),
  };
}

function membersOf(token: string): Partial<PagePlace & Validators> {
  try {
    return Object(JSON.parse(token)) as Partial<PagePlace & Validators>;
  } catch {
    throw unknown();
  }
}

function unknown(): MillraceError {
  return new MillraceError(
    "SOURCE_CHANGED",
    "source: the saved position is none of paged replies; were records or pagination changed? Change them back, or begin " +
      "again with --restart",
  );
}
