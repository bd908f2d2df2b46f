/** Options of the HTTP sink. */
import { z } from "zod";
import { bytesOption, countOption, durationOption, textOption } from "../../core/option-shapes.ts";
import { httpConnectionShape, pointerOption } from "./connection-options.ts";

const MEBIBYTE = 1024 * 1024;

const pointer = pointerOption();

const field = z.strictObject({ field: textOption().describe("The field whose text it is.") });

/** Keys of `sink: {type: http}`. */
export const httpSinkShape = {
  url: z
    .url({ protocol: /^https?$/ })
    .refine(hasFieldsWhereTheyMayBe, "expected {field} in path or query only; a brace itself is written %7B or %7D")
    .describe("Address, http or https. {field} in path or query stands for the field's text, escaped."),
  method: z
    .union([z.enum(["POST", "PUT", "PATCH", "DELETE"]), field])
    .default("POST")
    .describe("Method of a request, or the field that names it."),
  headers: z
    .record(
      z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "expected the name of a header"),
      z.union([z.string(), field]),
    )
    .default({})
    .describe("Headers of every request: texts, or fields; null: no such header."),
  ...httpConnectionShape,
  concurrency: countOption().default(1).describe("Requests in flight; with one they keep their order."),
  batch: z
    .strictObject({
      records: countOption().default(100).describe("Records of a request."),
      bytes: bytesOption().default(MEBIBYTE).describe("Bytes of a request."),
      format: z.enum(["json", "jsonl"]).default("json").describe("A JSON array, or JSON lines."),
    })
    .optional()
    .describe("How records are sent together; absent: one request a record, the body is the record."),
  orderBy: textOption()
    .optional()
    .describe("The field whose equal values keep their order when requests overtake each other."),
  adaptive: z
    .boolean()
    .default(false)
    .describe("Finds the number of requests in flight by itself, from one up to `concurrency`."),
  idempotencyKey: z
    .union([z.boolean(), textOption()])
    .default(true)
    .describe("Sends a key by which the server can tell repetitions, as Idempotency-Key or under this name."),
  response: z
    .strictObject({
      items: pointer.default("").describe("JSON pointer to the array of answers in a batch's reply."),
      index: pointer
        .optional()
        .describe(
          "Pointer in an answer to the number of its record in the batch, from 0; absent: in the batch's order.",
        ),
      status: pointer.optional().describe("Pointer in an answer to a status as HTTP has them."),
      error: pointer
        .optional()
        .describe("Pointer in an answer to what is wrong; nothing, null, false or empty there: the record was taken."),
      missing: z
        .enum(["error", "taken"])
        .default("error")
        .describe("What a record is that has no answer: an error that ends the run, or, with `index`, taken."),
    })
    .optional()
    .describe("How a batch's reply says which of its records were refused."),
  breaker: z
    .strictObject({
      failures: countOption().default(5).describe("Failures in a row that open the breaker."),
      resetAfter: durationOption({ min: 1 }).default(30_000).describe("Time after which one request is tried again."),
    })
    .optional()
    .describe("Stops sending for a while when the server fails."),
};

/** A field that named the host could lead anywhere; what stands behind a `#` is never sent. */
function hasFieldsWhereTheyMayBe(url: string): boolean {
  const [, host = "", rest = "", fragment = ""] = /^([^/]*\/\/[^/?#]*)([^#]*)(.*)$/.exec(url) ?? [];
  return !/[{}]/.test(host + rest.replaceAll(/\{[^{}]+\}/g, "") + fragment);
}

/** The sink's options. */
export type HttpSinkOptions = z.output<z.ZodObject<typeof httpSinkShape>>;
