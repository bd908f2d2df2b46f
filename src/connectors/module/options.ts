/** Keys of a source or sink whose code is the user's own; what belongs to a format (`csv`) is composed by the config. */
import { z } from "zod";
import { bytesOption } from "../../core/option-shapes.ts";
import {
  definitionOf,
  type SinkDefinition,
  SOURCE_FORMATS,
  type SourceDefinition,
} from "../../core/ports/connector.ts";

const MEBIBYTE = 1024 * 1024;

/** A path in a job file, a definition in a program; a job that has been read holds the definition alone. */
function moduleOption<Definition>(side: "source" | "sink") {
  const define = side === "source" ? "defineSource" : "defineSink";
  return z
    .unknown()
    .refine(
      (value) => (typeof value === "string" ? value !== "" : definitionOf(value, side) !== undefined),
      `expected the path of a module, or what ${define} gives when it is called`,
    )
    .meta({ type: "string", minLength: 1 }) as unknown as z.ZodType<Definition, string | Definition>;
}

const optionsOption = z.record(z.string(), z.unknown()).default({});

/** Keys of `source` beside `type`. */
export const moduleSourceShape = {
  module: moduleOption<SourceDefinition>("source").describe(
    "Path of the module, relative to the job's file; it exports the connector as `source`.",
  ),
  options: optionsOption.describe("What the connector itself takes."),
  format: z.enum(SOURCE_FORMATS).optional().describe("Format of the records; by default the connector's own."),
  maxRecordBytes: bytesOption({ max: 64 * MEBIBYTE })
    .default(MEBIBYTE)
    .describe("A larger record is rejected."),
  incremental: z
    .boolean()
    .default(false)
    .describe("Each run reads only what is new; only where the connector can tell."),
};

/** Keys of `sink` beside `type`. */
export const moduleSinkShape = {
  module: moduleOption<SinkDefinition>("sink").describe(
    "Path of the module, relative to the job's file; it exports the connector as `sink`.",
  ),
  options: optionsOption.describe("What the connector itself takes."),
};
