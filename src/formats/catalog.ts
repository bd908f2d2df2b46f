/** Every format by its name. */
import { MillraceError } from "../core/errors.ts";
import type { Format } from "../core/ports/format.ts";
import { bytesFormat } from "./bytes/index.ts";
import { csvFormat } from "./csv/index.ts";
import { jsonFormat } from "./json/index.ts";
import { jsonLinesFormat } from "./jsonl/index.ts";
import { pgCopyBinaryFormat, pgCopyFormat } from "./pg-copy/index.ts";
import { textFormat } from "./text/index.ts";

const formats: ReadonlyMap<string, Format> = new Map(
  [csvFormat, jsonLinesFormat, jsonFormat, textFormat, bytesFormat, pgCopyFormat, pgCopyBinaryFormat].map((format) => [
    format.name,
    format,
  ]),
);

/**
 * The format called `name`.
 *
 * @throws MillraceError CONFIG_INVALID for a name that is none
 */
export function formatByName(name: string): Format {
  const format = formats.get(name);
  if (format !== undefined) return format;
  const names = [...formats.keys()].join(", ");
  throw new MillraceError("CONFIG_INVALID", `format: "${name}" is no format; use one of ${names}`);
}
