/** How the pages of a reply follow each other. */
import type { HttpCall } from "../client/port.ts";

/** What a pager sees of a page that came. */
export interface PageEnd {
  readonly records: number;
  /** What stands at `pagination.next`, as JSON text; undefined where nothing does. */
  readonly next: string | undefined;
  /** The Link headers. */
  readonly links: string | undefined;
  /** Where the page came from. */
  readonly url: URL;
}

/** Knows the pages of one kind of pagination. A page is called by a JSON text, which positions hold. */
export interface Pager {
  readonly first: string;
  /** @throws MillraceError SOURCE_CHANGED for a page of another kind of pagination */
  call(page: string): HttpCall;
  /** The page behind one; null: it is the last. @throws MillraceError SOURCE_FAILED */
  next(page: string, end: PageEnd): string | null;
  /** Whether a page with another one behind it may still get records. */
  mayGrow(records: number): boolean;
  /** The page that begins behind so many records of another one, where any record may begin a page. */
  behind?(page: string, records: number): string;
  /** The page behind one before that has come, where it can be told. */
  ahead?(page: string): string;
  /** For messages; never with what may be secret. */
  shown(page: string): string;
}
