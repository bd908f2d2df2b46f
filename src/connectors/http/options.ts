/** Options of the HTTP source and sink; the connector itself comes later. */
import { z } from "zod";
import { bytesOption, countOption, durationOption, textOption } from "../../core/option-shapes.ts";

const auth = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("basic"), username: textOption(), password: z.string() }),
  z.strictObject({ type: z.literal("bearer"), token: textOption() }),
  z.strictObject({
    type: z.literal("apiKey"),
    name: textOption(),
    value: textOption(),
    in: z.enum(["header", "query"]).default("header"),
  }),
  z.strictObject({
    type: z.literal("oauth2"),
    tokenUrl: z.url(),
    clientId: textOption(),
    clientSecret: textOption(),
    scope: textOption().optional(),
  }),
]);

const rateLimit = z.strictObject({ requests: countOption(), per: durationOption({ min: 1 }) });

const connection = {
  url: z.url({ protocol: /^https?$/ }),
  headers: z.record(z.string(), z.string()).default({}),
  auth: auth.optional(),
  rateLimit: rateLimit.optional(),
  timeout: durationOption({ min: 1 }).default(30_000),
  concurrency: countOption().default(1),
  tls: z.strictObject({ ca: textOption(), cert: textOption(), key: textOption() }).partial().optional(),
  proxy: z.url().optional(),
};

/** Keys of `source: {type: http}`. */
export const httpSourceShape = {
  ...connection,
  method: z.enum(["GET", "POST"]).default("GET"),
  query: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  body: z.json().optional(),
  /** JSON pointer to the array of records in a reply. */
  records: z.string().optional(),
  format: z.enum(["json", "jsonl", "csv"]).default("json"),
  pagination: z
    .strictObject({
      type: z.enum(["none", "page", "offset", "cursor", "link"]),
      param: textOption().optional(),
      size: countOption().optional(),
      /** JSON pointer to the next page's cursor or address. */
      next: z.string().optional(),
    })
    .default({ type: "none" }),
  maxBytes: bytesOption().default(64 * 1024 * 1024),
  incremental: z.boolean().default(false),
};

/** Keys of `sink: {type: http}`. */
export const httpSinkShape = {
  ...connection,
  method: z.enum(["POST", "PUT", "PATCH", "DELETE"]).default("POST"),
  /** Absent: one request a record, the body is the record. */
  batch: z
    .strictObject({
      records: countOption().default(100),
      bytes: bytesOption().default(1024 * 1024),
      format: z.enum(["json", "jsonl"]).default("json"),
    })
    .optional(),
  /** The field whose equal values keep their order when requests overtake each other. */
  orderBy: textOption().optional(),
  adaptive: z.boolean().default(false),
  idempotencyKey: z.boolean().default(true),
  /** How a batch's reply names its records. */
  response: z.record(z.string(), z.json()).optional(),
  breaker: z
    .strictObject({ failures: countOption().default(5), resetAfter: durationOption({ min: 1 }).default(30_000) })
    .optional(),
};
