/** What can be told of a thrown value, which may be anything. */

/** Its message; never throws itself. */
export function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "something was thrown that cannot be shown as text";
  }
}

/** A chain of causes is followed so far: one that is longer, or closed to a ring, says no more. */
const MAX_CAUSES = 5;

/**
 * What a fault's message leaves out: the messages of its causes, outermost first, without those that it repeats. As fields
 * to be spread into an event, none where there is nothing to add.
 *
 * @example
 * causesOf(new MillraceError("SINK_UNAVAILABLE", "the server went away", { cause: new TypeError("socket hang up") }));
 * // { causes: ["socket hang up"] }
 */
export function causesOf(thrown: unknown): { readonly causes?: readonly string[] } {
  const causes: string[] = [];
  let told = messageOf(thrown);
  let cause = causeOf(thrown);
  for (let depth = 0; depth < MAX_CAUSES && cause !== undefined; depth++) {
    const message = messageOf(cause);
    if (!told.includes(message)) causes.push(message);
    told += `\n${message}`;
    cause = causeOf(cause);
  }
  return causes.length === 0 ? {} : { causes };
}

function causeOf(thrown: unknown): unknown {
  return thrown instanceof Error ? thrown.cause : undefined;
}
