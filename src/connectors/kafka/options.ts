/** Options of the Kafka source and sink. */
import { z } from "zod";
import { bytesOption, certificatesOption, countOption, durationOption, textOption } from "../../core/option-shapes.ts";

const texts = z.union([textOption().transform((one) => [one]), z.array(textOption()).min(1)]);

const MEBIBYTE = 1024 * 1024;

/** `host:port`, where the host of an IPv6 address stands in brackets. */
const ADDRESS = /^(\[[0-9a-fA-F:.]+\]|[^\s:,[\]]+):\d{1,5}$/;

/** One address, several with commas between them (as one variable often holds them), or a list. */
const brokers = z
  .union([
    textOption().transform((one) => one.split(",").map((address) => address.trim())),
    z.array(textOption()).min(1),
  ])
  .refine((addresses) => addresses.every((address) => ADDRESS.test(address)), "expected host:port");

/** What a token function gives: the token, and for how long it may be used again (`1h`, or milliseconds). */
export type BearerToken = string | { readonly value: string; readonly lifetime?: string | number };

/** Gives a token whenever a connection has to log in. */
export type TokenFunction = () => BearerToken | Promise<BearerToken>;

/** A path in a job file, a function in a program. */
const tokenOption = z
  .unknown()
  .refine(
    (value) => typeof value === "function" || (typeof value === "string" && value !== ""),
    "expected the path of a module, or a function that gives a token",
  )
  .meta({ type: "string", minLength: 1 }) as unknown as z.ZodType<string | TokenFunction, string | TokenFunction>;

const connection = {
  brokers: brokers.describe("Addresses as host:port."),
  clientId: textOption().default("millrace").describe("Name of the client in the broker's logs."),
  ssl: z
    .union([z.boolean(), certificatesOption()])
    .default(false)
    .describe("Whether the connection is encrypted; certificates as PEM text or as paths."),
  sasl: z
    .discriminatedUnion("mechanism", [
      z.strictObject({
        mechanism: z.enum(["plain", "scram-sha-256", "scram-sha-512"]).describe("How the client proves who it is."),
        username: textOption().describe("User of a plain or scram login."),
        password: textOption().describe("Password of a plain or scram login."),
      }),
      z.strictObject({
        mechanism: z.literal("oauthbearer").describe("The client shows a token."),
        token: tokenOption.describe(
          "Path of a module, relative to the job's file, whose default export gives `{ value, lifetime }`; in a program the function.",
        ),
      }),
    ])
    .optional()
    .describe("Login."),
};

/** Keys of `source: {type: kafka}`. */
export const kafkaSourceShape = {
  ...connection,
  topics: texts.describe("Names; one between slashes is a pattern."),
  group: textOption().describe("The consumer group."),
  format: z.enum(["jsonl", "csv", "text", "bytes"]).default("jsonl").describe("What a message's value is."),
  maxRecordBytes: bytesOption({ max: 64 * MEBIBYTE })
    .default(MEBIBYTE)
    .describe("A larger value is rejected."),
  inflate: z
    .strictObject({
      maxBytes: bytesOption({ max: 1024 * MEBIBYTE })
        .default(64 * MEBIBYTE)
        .describe("Bytes that a compressed batch of messages may hold; one with more is taken for a bomb."),
    })
    .prefault({})
    .describe("How much may come out of compressed messages."),
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
  key: textOption().optional().describe("The field whose text becomes the message's key; null: no key."),
  headers: z
    .record(
      z.string().min(1),
      z.union([
        z.string(),
        z.strictObject({ field: textOption().describe("The field whose text is the header; null: no such header.") }),
      ]),
    )
    .default({})
    .describe("Headers of every message: texts, or fields."),
  format: z.enum(["jsonl", "csv", "text", "bytes"]).default("jsonl").describe("What a message's value is."),
  columns: z
    .array(textOption())
    .min(1)
    .optional()
    .describe("Columns of csv in order; absent: those of the first records."),
  compression: z.enum(["none", "gzip", "snappy", "lz4", "zstd"]).default("none").describe("Compression of batches."),
  batch: z
    .strictObject({
      records: countOption().default(1_000).describe("Messages of a batch."),
      bytes: bytesOption({ max: 64 * MEBIBYTE })
        .default(MEBIBYTE / 2)
        .describe("Bytes of a batch, not yet compressed."),
      linger: durationOption().optional().describe("How long a batch waits to fill; absent: until its commit."),
    })
    .prefault({})
    .describe("How messages are sent together."),
  transactional: z
    .union([z.literal("auto"), z.boolean()])
    .default("auto")
    .describe("Whether messages and positions are written in transactions; auto: yes."),
  stateTopic: textOption()
    .default("millrace-positions")
    .describe("The compacted topic that keeps the positions; made where it is missing."),
};

/** What source and sink know of the cluster. */
export type KafkaConnectionOptions = Pick<
  z.output<z.ZodObject<typeof kafkaSourceShape>>,
  "brokers" | "clientId" | "ssl" | "sasl"
>;

/** Parsed options of the source. */
export type KafkaSourceOptions = z.output<z.ZodObject<typeof kafkaSourceShape>>;

/** Parsed options of the sink. */
export type KafkaSinkOptions = z.output<z.ZodObject<typeof kafkaSinkShape>>;
