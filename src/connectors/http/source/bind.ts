/** Binds a source to a client: to its pages, or to the one reply that is streamed. */
import type { BoundSource, SourceContext } from "../../../core/ports/source.ts";
import type { HttpClient } from "../client/port.ts";
import { shownUrl } from "../client/shown-url.ts";
import { type HttpSourceOptions, isStreamed } from "../source-options.ts";
import { bindBody } from "./body-source.ts";
import { PagedSource } from "./paged-source.ts";

/**
 * Looks at as much as has to be known before anything is read: nothing of pages, the beginning of a streamed reply.
 *
 * @param client is the source's from here on, unless this fails
 * @throws MillraceError SOURCE_UNAVAILABLE, SOURCE_FAILED, HEADER_INVALID, COLUMN_UNKNOWN
 */
export async function bindSource(
  client: HttpClient,
  options: HttpSourceOptions,
  context: SourceContext,
): Promise<BoundSource> {
  const shown = shownUrl(new URL(options.url));
  return isStreamed(options)
    ? await bindBody({ client, options, context, shown })
    : new PagedSource(client, options, shown);
}
