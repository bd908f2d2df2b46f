/** The shapes of `source`, `sink` and `rejects`: one branch a connector, put together from the catalogue. */
import { z } from "zod";
import { connectorSpecs } from "../connectors/catalog.ts";
import { csvSinkShape, csvSourceShape } from "../formats/csv/options.ts";
import { textSourceShape } from "../formats/text/options.ts";

const { file, postgres, kafka, http, webhook, module } = connectorSpecs;

/** Connectors know no formats, so the formats' own keys are added here. */
const readsCsv = { csv: csvSourceShape.optional().describe("How CSV is read.") };
const readsText = { text: textSourceShape.optional().describe("How text is read.") };
const writesCsv = { csv: csvSinkShape.optional().describe("How CSV is written.") };

/** `source` of a job. */
export const sourceShape = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("file"), ...file.source.shape, ...readsCsv, ...readsText }),
  z.strictObject({ type: z.literal("postgres"), ...postgres.source.shape }),
  z.strictObject({ type: z.literal("kafka"), ...kafka.source.shape, ...readsCsv, ...readsText }),
  z.strictObject({ type: z.literal("http"), ...http.source.shape, ...readsCsv }),
  z.strictObject({ type: z.literal("webhook"), ...webhook.source.shape }),
  z.strictObject({ type: z.literal("module"), ...module.source.shape, ...readsCsv, ...readsText }),
]);

/** `sink`, each of `sinks`, and `rejects` of a job. */
export const sinkShape = z
  .discriminatedUnion("type", [
    z.strictObject({ type: z.literal("file"), ...file.sink.shape, ...writesCsv }),
    z.strictObject({ type: z.literal("postgres"), ...postgres.sink.shape }),
    z.strictObject({ type: z.literal("kafka"), ...kafka.sink.shape, ...writesCsv }),
    z.strictObject({ type: z.literal("http"), ...http.sink.shape }),
    z.strictObject({ type: z.literal("module"), ...module.sink.shape }),
  ])
  .meta({ id: "sink" });
