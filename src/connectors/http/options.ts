/** Options of the HTTP source and sink; the connector itself comes later. */
import { z } from "zod";
import { bytesOption, certificatesOption, countOption, durationOption, textOption } from "../../core/option-shapes.ts";

const auth = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("basic"),
    username: textOption().describe("User."),
    password: z.string().describe("Password."),
  }),
  z.strictObject({ type: z.literal("bearer"), token: textOption().describe("Token of the Authorization header.") }),
  z.strictObject({
    type: z.literal("apiKey"),
    name: textOption(),
    value: textOption().describe("Its value."),
    in: z.enum(["header", "query"]).default("header").describe("Where it stands."),
  }),
  z.strictObject({
    type: z.literal("oauth2"),
    tokenUrl: z.url().describe("Where tokens are fetched."),
    clientId: textOption().describe("Id of the client."),
    clientSecret: textOption().describe("Secret of the client."),
    scope: textOption().optional().describe("Rights to ask for."),
  }),
]);

const rateLimit = z.strictObject({
  requests: countOption().describe("Requests that may be sent."),
  per: durationOption({ min: 1 }).describe("Time in which there may be so many."),
});

const connection = {
  url: z.url({ protocol: /^https?$/ }).describe("Address, http or https."),
  headers: z.record(z.string(), z.string()).default({}).describe("Headers of every request."),
  auth: auth.optional().describe("How requests prove who they are from."),
  rateLimit: rateLimit.optional().describe("At most so many requests per time."),
  timeout: durationOption({ min: 1 }).default(30_000).describe("Limit of one request."),
  concurrency: countOption().default(1).describe("Requests in flight."),
  tls: certificatesOption().optional().describe("Certificates as PEM text or as paths."),
  proxy: z.url().optional().describe("Address of a proxy."),
};

/** Keys of `source: {type: http}`. */
export const httpSourceShape = {
  ...connection,
  method: z.enum(["GET", "POST"]).default("GET").describe("Method of a request."),
  query: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .describe("Parameters of the address."),
  body: z.json().optional().describe("Body of a request."),
  records: z.string().optional().describe("JSON pointer to the array of records in a reply."),
  format: z.enum(["json", "jsonl", "csv"]).default("json").describe("What a reply is."),
  pagination: z
    .strictObject({
      type: z.enum(["none", "page", "offset", "cursor", "link"]).describe("How the next page is found."),
      param: textOption().optional().describe("Name of the parameter for page, offset or cursor."),
      size: countOption().optional().describe("Records of a page."),
      next: z.string().optional().describe("JSON pointer to the next page's cursor or address."),
    })
    .default({ type: "none" })
    .describe("How further pages are asked for."),
  maxBytes: bytesOption()
    .default(64 * 1024 * 1024)
    .describe("The longest reply."),
  incremental: z.boolean().default(false).describe("Continues behind the last committed cursor."),
};

/** Keys of `sink: {type: http}`. */
export const httpSinkShape = {
  ...connection,
  method: z.enum(["POST", "PUT", "PATCH", "DELETE"]).default("POST").describe("Method of a request."),
  batch: z
    .strictObject({
      records: countOption().default(100).describe("Records of a request."),
      bytes: bytesOption()
        .default(1024 * 1024)
        .describe("Bytes of a request."),
      format: z.enum(["json", "jsonl"]).default("json").describe("A JSON array, or JSON lines."),
    })
    .optional()
    .describe("How records are sent together; absent: one request a record, the body is the record."),
  orderBy: textOption()
    .optional()
    .describe("The field whose equal values keep their order when requests overtake each other."),
  adaptive: z.boolean().default(false).describe("Finds the number of requests in flight by itself."),
  idempotencyKey: z.boolean().default(true).describe("Sends a key by which the server can tell repetitions."),
  response: z.record(z.string(), z.json()).optional().describe("How a batch's reply names its records."),
  breaker: z
    .strictObject({
      failures: countOption().default(5).describe("Failures in a row that open the breaker."),
      resetAfter: durationOption({ min: 1 }).default(30_000).describe("Time after which it tries again."),
    })
    .optional()
    .describe("Stops sending for a while when the server fails."),
};
