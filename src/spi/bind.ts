/** Binds a connector as a run would, for tests of its own. */
import { type Clock, systemClock } from "../core/clock.ts";
import { codecByName } from "../compression/catalog.ts";
import type { SinkUse, SourceUse } from "../core/ports/connector.ts";
import { MillraceError } from "../core/errors.ts";
import type { DecodeSpec } from "../core/ports/format.ts";
import type { BoundSink } from "../core/ports/sink.ts";
import type { BoundSource } from "../core/ports/source.ts";
import { issuesText } from "../core/standard-schema.ts";
import { formatByName } from "../formats/catalog.ts";

/** What surrounds a connector. */
export interface BindOptions {
  /** The folder that relative paths start from; the working directory when absent. */
  readonly baseDir?: string;
  readonly clock?: Clock;
  /** Of a source: how its records are decoded; by its own format when absent. */
  readonly decode?: Partial<DecodeSpec>;
}

const MAX_RECORD_BYTES = 1024 * 1024;

/**
 * Binds a source.
 *
 * @throws MillraceError CONFIG_INVALID when the options do not fit, and whatever the connector throws
 * @example
 * await using bound = await bindSource(source({ folder: "orders" }), { baseDir });
 */
export async function bindSource(
  { module, options }: SourceUse,
  { baseDir = process.cwd(), clock = systemClock, decode = {} }: BindOptions = {},
): Promise<BoundSource> {
  const format = formatByName(decode.format ?? module.format ?? "jsonl");
  const spec = { options: {}, columns: {}, maxRecordBytes: MAX_RECORD_BYTES, ...decode, format: format.name };
  return module.resolve(await checked(module, options), { baseDir, clock, format, decode: spec, codec: codecByName });
}

/**
 * Binds a sink, under the name `sink`.
 *
 * @throws MillraceError CONFIG_INVALID when the options do not fit, and whatever the connector throws
 */
export async function bindSink(
  { module, options }: SinkUse,
  { baseDir = process.cwd(), clock = systemClock }: BindOptions = {},
): Promise<BoundSink> {
  const context = { name: "sink", baseDir, clock, format: formatByName, codec: codecByName };
  return module.resolve(await checked(module, options), context);
}

async function checked(module: SourceUse["module"] | SinkUse["module"], options: unknown): Promise<unknown> {
  const result = await module.options?.["~standard"].validate(options);
  if (result?.issues === undefined) return result?.value ?? options;
  throw new MillraceError("CONFIG_INVALID", `${module.side}.options: ${issuesText(result.issues)}`);
}
