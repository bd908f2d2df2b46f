/** The `text` keys of sources. */
import { z } from "zod";
import { FILE_ENCODINGS } from "../encodings.ts";

/** The `text` keys of a source. */
export const textSourceShape = z.strictObject({
  encoding: z.enum(FILE_ENCODINGS).default("utf-8").describe("How the bytes are text."),
});

/** All keys, as a config or a program writes them. */
export type TextOptions = z.input<typeof textSourceShape>;
