/** Options of the webhook source. */
import { z } from "zod";
import { bytesOption, countOption, durationOption, textOption } from "../../core/option-shapes.ts";

const MEBIBYTE = 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Keys of `source: {type: webhook}`. */
export const webhookSourceShape = {
  path: z
    .string()
    .regex(/^\/[^?#\s:%]*$/, "expected a path such as /hooks/orders")
    .describe("Path on the daemon's HTTP port, or on `listen`."),
  listen: z
    .string()
    .regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:,[\]]+)?:\d{1,5}$/, "expected host:port")
    .optional()
    .describe("An address of its own as host:port; absent: the daemon's HTTP port."),
  auth: z
    .discriminatedUnion("type", [
      z.strictObject({ type: z.literal("none") }),
      z.strictObject({ type: z.literal("bearer"), token: textOption().describe("Token of the Authorization header.") }),
      z.strictObject({
        type: z.literal("hmac"),
        secret: textOption().describe("Key of the signature."),
        header: textOption().default("x-signature").describe("The header with the signature of the body."),
        encoding: z.enum(["hex", "base64"]).default("hex").describe("How the signature is spelled."),
        prefix: z.string().default("").describe("What stands before it, such as `sha256=`."),
        algorithm: z.enum(["sha256", "sha512"]).default("sha256").describe("Hash of the signature."),
      }),
    ])
    .optional()
    .describe(
      "How a request proves who it is from; none: something in front of it asks. Needed where others than this machine may send.",
    ),
  format: z
    .enum(["json", "jsonl"])
    .default("jsonl")
    .describe("What a body is: JSON lines; or one JSON value, of which an array holds a record an element."),
  maxBytes: bytesOption().default(MEBIBYTE).describe("The longest body."),
  maxRecordBytes: bytesOption().default(MEBIBYTE).describe("The longest record; a longer one is a reject."),
  idempotencyHeader: textOption()
    .default("idempotency-key")
    .describe("The header by which a request that comes again is known, and not taken again."),
  idempotencyFor: durationOption().default(DAY_MS).describe("How long such keys are remembered."),
  spool: z
    .strictObject({
      bytes: bytesOption()
        .default(256 * MEBIBYTE)
        .describe("Bytes that may wait."),
      requests: countOption().default(1_000_000).describe("Requests that may wait."),
      retryAfter: durationOption({ min: 1_000 })
        .default(5_000)
        .describe("What a sender is told to wait when it is full."),
    })
    .prefault({})
    .describe("What was accepted and is not yet written; beyond that senders get 429."),
};

/** The source's options. */
export type WebhookSourceOptions = z.output<z.ZodObject<typeof webhookSourceShape>>;

const ALL_ADDRESSES = "0.0.0.0";

/** `host:port`, `[::1]:port` or `:port` taken apart; no host: all addresses. */
export function listenPlace(listen: string): { readonly host: string; readonly port: number } {
  const colon = listen.lastIndexOf(":");
  const host = listen.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  return { host: host === "" ? ALL_ADDRESSES : host, port: Number(listen.slice(colon + 1)) };
}

/** What is said where everybody could send. @param place what reaches beyond this machine */
export function exposed(place: string): string {
  return (
    `${place} reaches beyond this machine, and there is no source.auth: set one, or source.auth: {type: none} where ` +
    "something in front of it asks senders who they are"
  );
}
