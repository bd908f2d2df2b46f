/** `check --show-codec`: the functions that are generated for a job, as text. */
import type { Job } from "../../config/job.ts";
import { placeError } from "../../config/place-error.ts";
import { systemClock } from "../../core/clock.ts";
import { codecOf } from "../../pipeline/codec-view.ts";
import { describe } from "../../pipeline/describe.ts";
import { resolve } from "../../pipeline/resolve.ts";
import type { CheckedCodec } from "./checked.ts";

/**
 * Binds a job to its files and tables, and looks at what is made for its first records.
 *
 * @throws MillraceError whatever a run would meet before its first commit
 */
export async function showCodec(job: Job): Promise<readonly CheckedCodec[]> {
  try {
    await using bound = await resolve(describe(job), { clock: systemClock });
    const parts = await codecOf(bound, systemClock);
    return parts.map(({ what, how, functions }) => ({ what, how, code: functions.map(codeText) }));
  } catch (thrown) {
    throw placeError(thrown, job);
  }
}

/** The text, under what its names stand for: they are handed over as data. */
function codeText({
  text,
  scope,
}: {
  readonly text: string;
  readonly scope: Readonly<Record<string, unknown>>;
}): string {
  const names = Object.entries(scope).flatMap(([name, value]) =>
    typeof value === "string" ? [`// ${name}: ${shownName(value)}`] : [],
  );
  return [...names, text].join("\n");
}

/** In one line, and nothing that a terminal would take for a command. */
function shownName(name: string): string {
  return JSON.stringify(name).replaceAll(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
