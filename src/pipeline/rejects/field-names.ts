/** The names of a split's fields, where only the header of its file knows them. */
import { MillraceError } from "../../core/errors.ts";
import type { Plan } from "../describe.ts";
import { resolveSource, type ResolveContext } from "../resolve.ts";

/**
 * Reads the headers of the job's source, if its format has any.
 *
 * @param splits those whose names are needed
 * @throws MillraceError SOURCE_NOT_FOUND when one of them is gone
 */
export async function fieldNames(
  plan: Plan,
  splits: readonly string[],
  context: ResolveContext,
): Promise<(split: string) => readonly string[] | undefined> {
  const { format, options } = plan.decode;
  if (format !== "csv" || Array.isArray((options as { readonly header?: unknown }).header)) return () => undefined;
  const headers = new Map<string, readonly string[]>();
  let failure: unknown;
  try {
    await using source = await resolveSource(plan, context);
    for (const { id, fields } of source.splits) if (fields !== undefined) headers.set(id, fields);
  } catch (thrown) {
    failure = thrown;
  }
  const gone = [...new Set(splits)].filter((split) => !headers.has(split));
  if (gone.length > 0) throw headerGone(gone, failure);
  return (split) => headers.get(split);
}

function headerGone(gone: readonly string[], cause: unknown): MillraceError {
  const [first, ...others] = gone;
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return new MillraceError(
    "SOURCE_NOT_FOUND",
    `${first}${more} is no longer there, and only its header names the fields of its rejects: bring it back, or name the ` +
      "fields in source.csv.header",
    { cause },
  );
}
