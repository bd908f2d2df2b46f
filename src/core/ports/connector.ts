/**
 * Connectors written outside of this package: what they say of themselves, and how a job names them.
 *
 * A job's `source` or `sink` of `type: module` holds one: a program writes what calling a defined connector gives, a job
 * file writes a module's path, which is loaded before anything else looks at the job.
 */
import type { InputOf, OutputOf, StandardSchema } from "../standard-schema.ts";
import type { SinkConnector } from "./sink.ts";
import type { SourceConnector } from "./source.ts";

/** The formats in which the records of a source may come. */
export const SOURCE_FORMATS = ["csv", "jsonl", "json", "text"] as const;

/** What both sides say of themselves. */
interface Definition<Options> {
  /** For people, in `check` and in messages: `tcp`, `sqlite`. */
  readonly name: string;
  /** What its options have to be, by any library that speaks Standard Schema; absent: it takes none. It must answer at once. */
  readonly options?: StandardSchema<unknown, Options>;
}

/** A source of somebody's own. */
export interface SourceDefinition<Options = unknown> extends Definition<Options>, SourceConnector<Options> {
  readonly side: "source";
  /** The format of its records where the job does not say another one. */
  readonly format?: (typeof SOURCE_FORMATS)[number];
  /** Whether it can tell what is new since earlier runs: its bound source has `continueFrom`. */
  readonly incremental?: boolean;
  /** Whether processes share it out among themselves and it may never end: its bound source has `shares`. */
  readonly live?: boolean;
  /** Whether what was read can be read again from any position, which exactly-once rests on; true when absent. */
  readonly replayable?: boolean;
}

/** A sink of somebody's own. */
export interface SinkDefinition<Options = unknown> extends Definition<Options>, SinkConnector<Options> {
  readonly side: "sink";
  /** What `check` promises for it: whether a unit that is sent again after a crash takes effect once. */
  readonly effect: "once" | "at-least-once";
}

/** A source as `defineJob` takes it; keys of the runtime (`format`, `csv`, `maxRecordBytes`, `incremental`) may be added. */
export interface SourceUse {
  readonly type: "module";
  readonly module: SourceDefinition;
  readonly options: { readonly [option: string]: unknown };
}

/** A sink as `defineJob` takes it. */
export interface SinkUse {
  readonly type: "module";
  readonly module: SinkDefinition;
  readonly options: { readonly [option: string]: unknown };
}

/** What makes a job's source of options. */
export interface DefinedSource<Schema extends StandardSchema> {
  (options: InputOf<Schema>): SourceUse;
  readonly definition: SourceDefinition<OutputOf<Schema>>;
}

/** What makes a job's sink of options. */
export interface DefinedSink<Schema extends StandardSchema> {
  (options: InputOf<Schema>): SinkUse;
  readonly definition: SinkDefinition<OutputOf<Schema>>;
}

/** What an author gives beside the schema of the options. */
type Given<D, Schema> = Omit<D, "side" | "options"> & { readonly options: Schema };

/**
 * Defines a source.
 *
 * @example
 * export const source = defineSource({
 *   name: "tcp",
 *   format: "jsonl",
 *   options: z.strictObject({ host: z.string(), port: z.int() }),
 *   resolve: (options, context) => connectTo(options, context),
 * });
 * defineJob({ name: "orders", source: source({ host: "localhost", port: 9000 }), sink });
 */
export function defineSource<const Schema extends StandardSchema>(
  given: Given<SourceDefinition<OutputOf<Schema>>, Schema>,
): DefinedSource<Schema> {
  const definition = Object.freeze({ ...given, side: "source" }) as unknown as SourceDefinition<OutputOf<Schema>>;
  const use = (options: InputOf<Schema>): SourceUse => ({
    type: "module",
    module: definition,
    options: { ...(options as object) },
  });
  return Object.assign(use, { definition });
}

/**
 * Defines a sink.
 *
 * @example
 * export const sink = defineSink({
 *   name: "sqlite",
 *   effect: "once",
 *   options: z.strictObject({ file: z.string(), table: z.string() }),
 *   resolve: (options, context) => openTable(options, context),
 * });
 */
export function defineSink<const Schema extends StandardSchema>(
  given: Given<SinkDefinition<OutputOf<Schema>>, Schema>,
): DefinedSink<Schema> {
  const definition = Object.freeze({ ...given, side: "sink" }) as unknown as SinkDefinition<OutputOf<Schema>>;
  const use = (options: InputOf<Schema>): SinkUse => ({
    type: "module",
    module: definition,
    options: { ...(options as object) },
  });
  return Object.assign(use, { definition });
}

/** The definition that a module's export, or a job's `module`, holds; by its looks, for it may be another copy's of this package. */
export function definitionOf(value: unknown, side: "source" | "sink"): SourceDefinition | SinkDefinition | undefined {
  const found = typeof value === "function" ? (value as Partial<DefinedSource<StandardSchema>>).definition : value;
  if (typeof found !== "object" || found === null) return undefined;
  const { side: own, name, resolve } = found as Partial<SourceDefinition | SinkDefinition>;
  const fits = own === side && typeof name === "string" && typeof resolve === "function";
  return fits ? (found as SourceDefinition | SinkDefinition) : undefined;
}
