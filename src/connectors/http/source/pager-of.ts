/** Chooses the pager of a source's options. */
import type { HttpSourceOptions } from "../source-options.ts";
import { PagesByNumber, PagesByOffset } from "./numbered-pages.ts";
import { PageAddresses } from "./page-addresses.ts";
import type { Pager } from "./pager.ts";
import { PagesByCursor, PagesByLink, SinglePage } from "./pointed-pages.ts";
import { RequestTemplate } from "./request-template.ts";

/**
 * The pager.
 *
 * @param shown the source's address for messages
 * @throws MillraceError CONFIG_INVALID for a parameter that has no place in the body
 */
export function pagerOf(options: HttpSourceOptions, shown: string): Pager {
  const { pagination, auth } = options;
  const template = new RequestTemplate(options);
  const { type, param, size, sizeParam, next = "" } = pagination;
  if (type === "page") return new PagesByNumber(template, pagination);
  if (type === "offset") return new PagesByOffset(template, pagination);
  const secret = auth?.type === "apiKey" && auth.in === "query" ? auth : undefined;
  const addresses = new PageAddresses(template.url, shown, secret);
  const sizes = size === undefined || sizeParam === undefined ? {} : { [sizeParam]: size };
  if (type === "cursor") return new PagesByCursor({ template, addresses, param, next, sizes });
  return type === "link" ? new PagesByLink({ template, addresses, sizes }) : new SinglePage(template);
}
