/** Every format by its name. */
import { MillraceError } from "../core/errors.ts";
import type { Format } from "../core/ports/format.ts";
import { csvFormat } from "./csv/index.ts";
import { jsonLinesFormat } from "./jsonl/index.ts";
import { pgCopyFormat } from "./pg-copy/index.ts";

const formats: ReadonlyMap<string, Format> = new Map(
  [csvFormat, jsonLinesFormat, pgCopyFormat].map((format) => [format.name, format]),
);

/** Formats that the configuration knows and a later release brings. */
const planned: ReadonlySet<string> = new Set(["json", "text"]);

/**
 * The format called `name`.
 *
 * @throws MillraceError NOT_BUILT for `json` and `text`, CONFIG_INVALID for a name that is none
 */
export function formatByName(name: string): Format {
  const format = formats.get(name);
  if (format !== undefined) return format;
  const names = [...formats.keys()].join(", ");
  if (planned.has(name)) {
    throw new MillraceError(
      "NOT_BUILT",
      `format: ${name} comes with release 0.2 (formats and transforms); use one of ${names}`,
    );
  }
  throw new MillraceError("CONFIG_INVALID", `format: "${name}" is no format; use one of ${names}`);
}
