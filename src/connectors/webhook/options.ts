/** Options of the webhook source; the connector itself comes with the daemon's HTTP port. */
import { z } from "zod";
import { bytesOption, textOption } from "../../core/option-shapes.ts";

/** Keys of `source: {type: webhook}`. */
export const webhookSourceShape = {
  path: z.string().startsWith("/").describe("Path on the daemon's HTTP port."),
  listen: textOption().optional().describe("Another address to listen on, as host:port."),
  auth: z
    .discriminatedUnion("type", [
      z.strictObject({ type: z.literal("bearer"), token: textOption().describe("Token of the Authorization header.") }),
      z.strictObject({
        type: z.literal("hmac"),
        secret: textOption().describe("Key of the signature."),
        header: textOption()
          .default("x-signature")
          .describe("The header that holds the signature, in hexadecimal digits."),
        algorithm: z.enum(["sha256", "sha512"]).default("sha256").describe("Hash of the signature."),
      }),
    ])
    .optional()
    .describe("How a request proves who it is from."),
  format: z.enum(["json", "jsonl"]).default("jsonl").describe("What a request's body is."),
  maxBytes: bytesOption()
    .default(1024 * 1024)
    .describe("The longest body."),
};
