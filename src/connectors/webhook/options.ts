/** Options of the webhook source; the connector itself comes with the daemon's HTTP port. */
import { z } from "zod";
import { bytesOption, textOption } from "../../core/option-shapes.ts";

/** Keys of `source: {type: webhook}`. */
export const webhookSourceShape = {
  path: z.string().startsWith("/"),
  listen: textOption().optional(),
  auth: z
    .discriminatedUnion("type", [
      z.strictObject({ type: z.literal("bearer"), token: textOption() }),
      z.strictObject({
        type: z.literal("hmac"),
        secret: textOption(),
        header: textOption().default("x-signature"),
        algorithm: z.enum(["sha256", "sha512"]).default("sha256"),
      }),
    ])
    .optional(),
  format: z.enum(["json", "jsonl"]).default("jsonl"),
  maxBytes: bytesOption().default(1024 * 1024),
};
