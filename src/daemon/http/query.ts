/** The query of a request to the API. */
import { nearestName } from "../../core/nearest.ts";
import type { HttpRequest } from "../../core/ports/http-routes.ts";
import { refusal } from "../../server/problem.ts";

/**
 * The parameters of a query that a route knows.
 *
 * @throws MillraceError USAGE (400) for any other one, for one that comes twice, and for control characters
 */
export function queryOf<N extends string>(
  { query }: HttpRequest,
  names: readonly N[],
): { readonly [name in N]?: string } {
  const values = new Map<string, string>();
  for (const [name, value] of query) {
    if (!(names as readonly string[]).includes(name)) throw refusal(400, unknownMessage(name, names));
    if (values.has(name)) throw refusal(400, `${name}: given twice`);
    // No id and no name has one, and databases refuse some.
    if (/\p{Cc}/u.test(value)) throw refusal(400, `${name}: holds a control character`);
    values.set(name, value);
  }
  return Object.fromEntries(values) as { readonly [name in N]?: string };
}

function unknownMessage(name: string, names: readonly string[]): string {
  const known = names.length === 0 ? "this address takes none" : `known here: ${names.join(", ")}`;
  const nearest = nearestName(name.slice(0, LONGEST_NAME), names);
  return `unknown query parameter${nearest === undefined ? "" : `, did you mean ${nearest}`}; ${known}`;
}

/** Longer ones are nobody's mistyped name. */
const LONGEST_NAME = 40;
