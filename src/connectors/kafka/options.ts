/** Options of the Kafka source and sink; the connector itself comes later. */
import { z } from "zod";
import { bytesOption, certificatesOption, countOption, durationOption, textOption } from "../../core/option-shapes.ts";

const texts = z.union([textOption().transform((one) => [one]), z.array(textOption()).min(1)]);

const connection = {
  brokers: texts.describe("Addresses as host:port."),
  clientId: textOption().default("millrace").describe("Name of the client in the broker's logs."),
  ssl: z
    .union([z.boolean(), certificatesOption()])
    .default(false)
    .describe("Whether the connection is encrypted; certificates as PEM text or as paths."),
  sasl: z
    .strictObject({
      mechanism: z.enum(["plain", "scram-sha-256", "scram-sha-512"]).describe("How the client proves who it is."),
      username: textOption().describe("User of the login."),
      password: textOption().describe("Password of the login."),
    })
    .optional()
    .describe("Login."),
};

/** Keys of `source: {type: kafka}`. */
export const kafkaSourceShape = {
  ...connection,
  topics: texts.describe("Names; one between slashes is a pattern."),
  group: textOption().describe("The consumer group."),
  format: z.enum(["jsonl", "csv", "text", "bytes"]).default("jsonl").describe("What a message's value is."),
  from: z
    .union([
      z.enum(["committed", "earliest", "latest"]),
      z.strictObject({
        timestamp: z.union([z.iso.datetime({ offset: true }), z.int()]).describe("Messages from this time on."),
      }),
    ])
    .default("committed")
    .describe("Where a group without committed offsets begins."),
  until: z.literal("end").optional().describe("end: reads to the high-water mark of the start, then finishes."),
  sessionTimeout: durationOption({ min: 1000 })
    .default(30_000)
    .describe("Time after which a silent consumer is given up."),
  isolation: z
    .enum(["read_committed", "read_uncommitted"])
    .default("read_committed")
    .describe("Whether messages of open transactions are read."),
};

/** Keys of `sink: {type: kafka}`. */
export const kafkaSinkShape = {
  ...connection,
  topic: textOption().describe("The topic to write."),
  key: textOption().optional().describe("The field that becomes the message's key."),
  headers: z.record(z.string(), z.string()).default({}).describe("Headers of every message."),
  format: z.enum(["jsonl", "csv", "text", "bytes"]).default("jsonl").describe("What a message's value is."),
  compression: z.enum(["none", "gzip", "snappy", "lz4", "zstd"]).default("none").describe("Compression of batches."),
  batch: z
    .strictObject({
      records: countOption().describe("Messages of a batch."),
      bytes: bytesOption().describe("Bytes of a batch."),
      linger: durationOption().describe("How long a batch waits to fill."),
    })
    .partial()
    .optional()
    .describe("How messages are sent together."),
  transactional: z
    .union([z.literal("auto"), z.boolean()])
    .default("auto")
    .describe("Whether messages and positions are written in transactions; auto: where the source is Kafka too."),
};
