/** A source whose code is the user's own. */
import { MillraceError } from "../../core/errors.ts";
import type { SourceDefinition } from "../../core/ports/connector.ts";
import type { BoundSource, SourceConnector } from "../../core/ports/source.ts";

/** The format whose records a source may frame itself: the others would find the borders anew, and maybe elsewhere. */
const FRAMED_FORMAT = "jsonl";

/** Hands over to the connector that the job holds. */
export const moduleSource: SourceConnector<{ readonly module: SourceDefinition; readonly options: unknown }> = {
  async resolve({ module, options }, context) {
    const source = await module.resolve(options, context);
    return context.format.name === FRAMED_FORMAT ? source : bytesOnly(source, module.name, context.format.name);
  },
};

function bytesOnly(source: BoundSource, name: string, format: string): BoundSource {
  return {
    label: source.label,
    splits: source.splits,
    async open(split, from, signal) {
      const reader = await source.open(split, from, signal);
      if (reader.kind === "bytes") return reader;
      await reader[Symbol.asyncDispose]();
      throw new MillraceError(
        "NOT_BUILT",
        `source.format: ${format}: ${name} frames its records itself, which is built for ${FRAMED_FORMAT} alone`,
      );
    },
    async continueFrom(known) {
      return bytesOnly((await source.continueFrom?.(known)) ?? source, name, format);
    },
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}
