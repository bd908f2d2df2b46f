/** Every connector by its type: the options it takes, and its code, which is loaded only when a job uses it. */
import type { z } from "zod";
import { MillraceError } from "../core/errors.ts";
import type { SinkConnector } from "../core/ports/sink.ts";
import type { SourceConnector } from "../core/ports/source.ts";
import { fileSinkShape, fileSourceShape } from "./file/options.ts";
import { httpSinkShape } from "./http/sink-options.ts";
import { httpSourceShape } from "./http/source-options.ts";
import { kafkaSinkShape, kafkaSourceShape } from "./kafka/options.ts";
import { moduleSinkShape, moduleSourceShape } from "./module/options.ts";
import { postgresSinkShape, postgresSourceShape } from "./postgres/options.ts";
import { webhookSourceShape } from "./webhook/options.ts";

/** One side of a connector; without `load` its options are known and its code comes later. */
interface Side<Connector> {
  readonly shape: z.core.$ZodShape;
  readonly load?: () => Promise<Connector>;
  /** Of a source: processes share it out among themselves and it may never end; its bound source has `shares`. */
  readonly live?: true;
}

interface ConnectorSpec {
  readonly source?: Side<SourceConnector<never>>;
  readonly sink?: Side<SinkConnector<never>>;
}

/** The catalogue. */
export const connectorSpecs = {
  file: {
    source: { shape: fileSourceShape, load: async () => (await import("./file/source.ts")).fileSource },
    sink: { shape: fileSinkShape, load: async () => (await import("./file/sink.ts")).fileSink },
  },
  postgres: {
    source: {
      shape: postgresSourceShape,
      load: async () => (await import("./postgres/source/source.ts")).postgresSource,
    },
    sink: { shape: postgresSinkShape, load: async () => (await import("./postgres/sink/sink.ts")).postgresSink },
  },
  kafka: {
    source: { shape: kafkaSourceShape, live: true, load: async () => (await import("./kafka/source.ts")).kafkaSource },
    sink: { shape: kafkaSinkShape, load: async () => (await import("./kafka/sink.ts")).kafkaSink },
  },
  http: {
    source: { shape: httpSourceShape, load: async () => (await import("./http/source/source.ts")).httpSource },
    sink: { shape: httpSinkShape, load: async () => (await import("./http/sink/sink.ts")).httpSink },
  },
  webhook: {
    source: {
      shape: webhookSourceShape,
      live: true,
      load: async () => (await import("./webhook/source.ts")).webhookSource,
    },
  },
  module: {
    source: { shape: moduleSourceShape, load: async () => (await import("./module/source.ts")).moduleSource },
    sink: { shape: moduleSinkShape, load: async () => (await import("./module/sink.ts")).moduleSink },
  },
} as const satisfies { readonly [type: string]: ConnectorSpec };

/** The types whose source or sink can run in this release. */
export function builtConnectors(side: "source" | "sink"): string[] {
  const specs: [string, ConnectorSpec][] = Object.entries(connectorSpecs);
  return specs.flatMap(([type, spec]) => (spec[side]?.load === undefined ? [] : [type]));
}

/** Whether a source of this type is shared out among processes and may never end. */
export function isLiveType(type: string): boolean {
  return specOf(type)?.source?.live === true;
}

/**
 * Loads a source's code.
 *
 * @throws MillraceError NOT_BUILT
 */
export async function loadSource(type: string): Promise<SourceConnector<unknown>> {
  const load = specOf(type)?.source?.load;
  if (load === undefined) throw notBuilt("source", type);
  return load();
}

/**
 * Loads a sink's code.
 *
 * @throws MillraceError NOT_BUILT
 */
export async function loadSink(type: string): Promise<SinkConnector<unknown>> {
  const load = specOf(type)?.sink?.load;
  if (load === undefined) throw notBuilt("sink", type);
  return load();
}

function specOf(type: string): ConnectorSpec | undefined {
  const specs: { readonly [name: string]: ConnectorSpec } = connectorSpecs;
  return Object.hasOwn(specs, type) ? specs[type] : undefined;
}

function notBuilt(side: "source" | "sink", type: string): MillraceError {
  const built = builtConnectors(side).join(", ");
  return new MillraceError("NOT_BUILT", `${side}.type: ${type}: not built in this release; built now: ${built}`);
}
