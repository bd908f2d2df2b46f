/** The HTTP source: one address, whose replies hold the records. */
import type { BoundSource, SourceConnector, SourceContext } from "../../../core/ports/source.ts";
import { createHttpClient } from "../client/client.ts";
import { isStreamed, type HttpSourceOptions } from "../source-options.ts";
import { bindSource } from "./bind.ts";

/** Reads what a server answers. */
export const httpSource: SourceConnector<HttpSourceOptions> = { resolve };

async function resolve(options: HttpSourceOptions, context: SourceContext): Promise<BoundSource> {
  await using opened = new AsyncDisposableStack();
  const client = opened.use(
    await createHttpClient(options, {
      side: "source",
      name: "source",
      baseDir: context.baseDir,
      clock: context.clock,
      // A streamed body holds its connection while another one is opened in its place.
      connections: isStreamed(options) ? 2 : options.concurrency,
      suspects: parametersOf(options),
      headers: { accept: ACCEPTED[options.format], ...lowerCased(options.headers) },
    }),
  );
  const source = await bindSource(client, options, context);
  opened.move();
  return source;
}

/** Many a server wants its key among them. */
function parametersOf({ url, query }: HttpSourceOptions): readonly string[] {
  const given = Object.values(query).filter((value) => typeof value === "string");
  return [...given, ...new URL(url).searchParams.values()];
}

const ACCEPTED = {
  json: "application/json, */*;q=0.5",
  jsonl: "application/jsonl, application/x-ndjson, */*;q=0.5",
  csv: "text/csv, */*;q=0.5",
} as const;

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
