/** What can be told of a thrown value, which may be anything. */

/** Its message; never throws itself. */
export function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "something was thrown that cannot be shown as text";
  }
}
