/** The shapes of `source`, `sink` and `rejects`: one branch a connector, put together from the catalogue. */
import { z } from "zod";
import { connectorSpecs } from "../connectors/catalog.ts";
import { csvSinkShape, csvSourceShape } from "../formats/csv/options.ts";

const { file, postgres, kafka, http, webhook } = connectorSpecs;

/** Connectors know no formats, so the formats' own keys are added here. */
const readsCsv = { csv: csvSourceShape.optional() };
const writesCsv = { csv: csvSinkShape.optional() };

/** `source` of a job. */
export const sourceShape = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("file"), ...file.source.shape, ...readsCsv }),
  z.strictObject({ type: z.literal("postgres"), ...postgres.source.shape }),
  z.strictObject({ type: z.literal("kafka"), ...kafka.source.shape, ...readsCsv }),
  z.strictObject({ type: z.literal("http"), ...http.source.shape, ...readsCsv }),
  z.strictObject({ type: z.literal("webhook"), ...webhook.source.shape }),
]);

/** `sink`, each of `sinks`, and `rejects` of a job. */
export const sinkShape = z
  .discriminatedUnion("type", [
    z.strictObject({ type: z.literal("file"), ...file.sink.shape, ...writesCsv }),
    z.strictObject({ type: z.literal("postgres"), ...postgres.sink.shape }),
    z.strictObject({ type: z.literal("kafka"), ...kafka.sink.shape, ...writesCsv }),
    z.strictObject({ type: z.literal("http"), ...http.sink.shape }),
  ])
  .meta({ id: "sink" });
