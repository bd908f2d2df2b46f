/** Options of the Kafka source and sink; the connector itself comes later. */
import { z } from "zod";
import { bytesOption, countOption, durationOption, textOption } from "../../core/option-shapes.ts";

const texts = z.union([textOption().transform((one) => [one]), z.array(textOption()).min(1)]);

const connection = {
  /** Addresses as `host:port`. */
  brokers: texts,
  clientId: textOption().default("millrace"),
  ssl: z
    .union([z.boolean(), z.strictObject({ ca: textOption(), cert: textOption(), key: textOption() }).partial()])
    .default(false),
  sasl: z
    .strictObject({
      mechanism: z.enum(["plain", "scram-sha-256", "scram-sha-512"]),
      username: textOption(),
      password: textOption(),
    })
    .optional(),
};

/** Keys of `source: {type: kafka}`. */
export const kafkaSourceShape = {
  ...connection,
  /** Names; one between slashes is a pattern. */
  topics: texts,
  group: textOption(),
  format: z.enum(["jsonl", "csv", "text", "bytes"]).default("jsonl"),
  from: z
    .union([
      z.enum(["committed", "earliest", "latest"]),
      z.strictObject({ timestamp: z.union([z.iso.datetime({ offset: true }), z.int()]) }),
    ])
    .default("committed"),
  until: z.literal("end").optional(),
  sessionTimeout: durationOption({ min: 1000 }).default(30_000),
  isolation: z.enum(["read_committed", "read_uncommitted"]).default("read_committed"),
};

/** Keys of `sink: {type: kafka}`. */
export const kafkaSinkShape = {
  ...connection,
  topic: textOption(),
  /** The field that becomes the message's key. */
  key: textOption().optional(),
  headers: z.record(z.string(), z.string()).default({}),
  format: z.enum(["jsonl", "csv", "text", "bytes"]).default("jsonl"),
  compression: z.enum(["none", "gzip", "snappy", "lz4", "zstd"]).default("none"),
  batch: z
    .strictObject({ records: countOption(), bytes: bytesOption(), linger: durationOption() })
    .partial()
    .optional(),
  transactional: z.union([z.literal("auto"), z.boolean()]).default("auto"),
};
