/** A sink whose code is the user's own. */
import type { SinkDefinition } from "../../core/ports/connector.ts";
import type { SinkConnector } from "../../core/ports/sink.ts";

/** Hands over to the connector that the job holds. */
export const moduleSink: SinkConnector<{ readonly module: SinkDefinition; readonly options: unknown }> = {
  resolve: ({ module, options }, context) => module.resolve(options, context),
  positions: async ({ module, options }, context) => (await module.positions?.(options, context)) ?? null,
};
