/** A source whose code is the user's own. */
import { MillraceError } from "../../core/errors.ts";
import type { SourceDefinition } from "../../core/ports/connector.ts";
import type { BoundSource, SourceConnector, SourceContext } from "../../core/ports/source.ts";

/** The formats whose records a source may frame itself. */
const FRAMED_FORMATS = ["jsonl"];

/** Hands over to the connector that the job holds. */
export const moduleSource: SourceConnector<{ readonly module: SourceDefinition; readonly options: unknown }> = {
  resolve: async ({ module, options }, context) => framesChecked(await module.resolve(options, context), module, context),
};

/** Other formats would take the borders from the bytes again, and so other ones than the source means. */
function framesChecked(source: BoundSource, { name }: SourceDefinition, { format }: SourceContext): BoundSource {
  if (FRAMED_FORMATS.includes(format.name)) return source;
  return {
    label: source.label,
    splits: source.splits,
    async open(split, from, signal) {
      const reader = await source.open(split, from, signal);
      if (reader.kind === "bytes") return reader;
      await reader[Symbol.asyncDispose]();
      throw new MillraceError(
        "NOT_BUILT",
        `source.format: ${format.name}: ${name} frames its records itself, which is built for ${FRAMED_FORMATS.join(", ")} alone`,
      );
    },
    ...(source.continueFrom && {
      continueFrom: async (known) => framesChecked((await source.continueFrom?.(known)) ?? source, { name } as SourceDefinition, { format } as SourceContext),
    }),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}
