/** Options of the HTTP source. */
import { z } from "zod";
import { bytesOption, countOption, textOption } from "../../core/option-shapes.ts";
import { httpConnectionShape, pointerOption } from "./connection-options.ts";

const MEBIBYTE = 1024 * 1024;

const pointer = pointerOption();

/** Keys of `source: {type: http}`. */
export const httpSourceShape = {
  url: z.url({ protocol: /^https?$/ }).describe("Address, http or https."),
  method: z.enum(["GET", "POST"]).default("GET").describe("Method of a request."),
  headers: z.record(textOption(), z.string()).default({}).describe("Headers of every request."),
  query: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .describe("Parameters of the address."),
  body: z.json().optional().describe("Body of a request: text as it stands, anything else as JSON."),
  ...httpConnectionShape,
  concurrency: countOption()
    .default(1)
    .describe("Pages that are asked for at once; more than one only where each page's address is known beforehand."),
  format: z.enum(["json", "jsonl", "csv"]).default("json").describe("What a reply is."),
  records: pointer
    .optional()
    .describe(
      "JSON pointer to the records in a reply: an array of them, or one. Absent: the reply itself, streamed where it has no pages.",
    ),
  pagination: z
    .strictObject({
      type: z.enum(["none", "page", "offset", "cursor", "link"]).describe("How the next page is found."),
      param: textOption()
        .optional()
        .describe(
          "Parameter with the number of the page, the offset or the cursor, or a JSON pointer to its place in `body`; named as " +
            "the type when absent. A cursor that looks like an address (/..., ?..., https://...) is one unless this is given.",
        ),
      start: countOption(0).optional().describe("The first page's number (1) or offset (0)."),
      size: countOption().optional().describe("Records of a page: a page with fewer is the last one."),
      sizeParam: textOption()
        .optional()
        .describe("Parameter, or JSON pointer into `body`, that asks for `size` records; absent: it is not sent."),
      next: pointer
        .optional()
        .describe(
          "JSON pointer to the next page's cursor or address; nothing, null, false or an empty text there: the last page.",
        ),
    })
    .default({ type: "none" })
    .describe("How further pages are asked for."),
  maxBytes: bytesOption()
    .optional()
    .describe(`The longest reply, inflated. Absent: 64 MiB for one that is read whole, none for a streamed one.`),
  maxRecordBytes: bytesOption().default(MEBIBYTE).describe("The longest record; a longer one is a reject."),
  incremental: z
    .boolean()
    .default(false)
    .describe(
      "Goes on behind the last committed record of earlier runs; the last page is asked for again, with its ETag.",
    ),
};

/** The source's options. */
export type HttpSourceOptions = z.output<z.ZodObject<typeof httpSourceShape>>;

/** Whether there is one reply, whose records are read as it comes, however long it is. */
export function isStreamed({ pagination, records }: Pick<HttpSourceOptions, "pagination" | "records">): boolean {
  return pagination.type === "none" && records === undefined;
}
