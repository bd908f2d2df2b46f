/** Options that the HTTP source and sink share: how a server is reached. */
import { z } from "zod";
import { certificatesOption, countOption, durationOption, textOption } from "../../core/option-shapes.ts";

const SECOND = 1_000;

const auth = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("basic"),
    username: textOption().describe("User."),
    password: z.string().describe("Password."),
  }),
  z.strictObject({ type: z.literal("bearer"), token: textOption().describe("Token of the Authorization header.") }),
  z.strictObject({
    type: z.literal("apiKey"),
    name: textOption().describe("Name of the header or parameter."),
    value: textOption().describe("Its value."),
    in: z.enum(["header", "query"]).default("header").describe("Where it stands."),
  }),
  z.strictObject({
    type: z.literal("oauth2"),
    tokenUrl: z.url({ protocol: /^https?$/ }).describe("Where tokens are fetched."),
    clientId: textOption().describe("Id of the client."),
    clientSecret: textOption().describe("Secret of the client."),
    scope: textOption().optional().describe("Rights to ask for."),
    clientAuth: z
      .enum(["header", "body"])
      .default("header")
      .describe("Where id and secret stand when a token is fetched: the Authorization header, or the form."),
    parameters: z
      .record(textOption(), z.string())
      .default({})
      .describe("Further parameters of the form, such as audience."),
  }),
]);

const rateLimit = z.strictObject({
  requests: countOption().describe("Requests that may be sent."),
  per: durationOption({ min: 1 }).describe("Time in which there may be so many."),
  burst: countOption().optional().describe("Requests that may be sent at once; absent: as many as `requests`."),
});

/** One duration is the limit of each phase. */
const timeout = z
  .union([
    durationOption({ min: 1 }).transform((all) => ({ connect: all, headers: all, idle: all, total: undefined })),
    z.strictObject({
      connect: durationOption({ min: 1 })
        .default(10 * SECOND)
        .describe("Until the connection stands, encryption included."),
      headers: durationOption({ min: 1 })
        .default(30 * SECOND)
        .describe("From the request's end to the reply's headers."),
      idle: durationOption({ min: 1 })
        .default(30 * SECOND)
        .describe("Between two pieces of the reply's body."),
      total: durationOption({ min: 1 })
        .optional()
        .describe("For a reply that is read whole, redirects included; absent: five minutes."),
    }),
  ])
  .prefault({})
  .describe("How long the phases of a request may take.");

/** Keys of the connection. */
export const httpConnectionShape = {
  auth: auth.optional().describe("How requests prove who they are from."),
  rateLimit: rateLimit.optional().describe("At most so many requests per time."),
  timeout,
  redirects: countOption(0).default(5).describe("Redirects that a request follows; credentials stay with their host."),
  tls: certificatesOption().optional().describe("Certificates as PEM text or as paths."),
  proxy: z
    .union([z.url({ protocol: /^https?$/ }), z.literal(false)])
    .optional()
    .describe(
      "Address of a proxy; absent: that of HTTPS_PROXY or HTTP_PROXY, unless NO_PROXY names the host; false: none.",
    ),
};

/** A JSON pointer: nothing for the whole, else every step behind a slash (RFC 6901). */
export function pointerOption() {
  return z
    .string()
    .regex(/^(\/([^~/]|~[01])*)*$/, "expected a JSON pointer: empty for the whole, or steps such as /data/items");
}

/** The address of requests; where they go is for the source or sink to say. */
export type HttpConnectionOptions = z.output<z.ZodObject<typeof httpConnectionShape>>;
