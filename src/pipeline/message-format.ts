/** What the format of a source of messages has to say, since no message says it. */
import type { SourceOptions } from "../config/job.ts";
import { MillraceError } from "../core/errors.ts";

type MessageSource = Extract<SourceOptions, { readonly type: "kafka" }>;

/**
 * Holds a source of messages to formats whose records can be read one by one.
 *
 * @param job its name, for the message
 * @throws MillraceError CONFIG_INVALID
 */
export function assertReadableAlone({ format, csv, text }: MessageSource, job: string): void {
  if (format === "csv" && !Array.isArray(csv?.header)) {
    throw invalid(job, "csv.header: a message has no header line; name the fields: header: [id, amount]");
  }
  const encoding = format === "csv" ? csv?.encoding : format === "text" ? text?.encoding : undefined;
  if (encoding?.startsWith("utf-16") === true) {
    throw invalid(job, `${format}.encoding: messages in ${encoding} are not read; use utf-8, latin1 or windows-1252`);
  }
}

function invalid(job: string, message: string): MillraceError {
  return new MillraceError("CONFIG_INVALID", `${job}: source.${message}`);
}
