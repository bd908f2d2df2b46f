/** What a filter asks for, as the condition of a query. */

/** A condition with `?` where its value goes, and the value; undefined: it was not asked for. */
type Wanted = readonly [condition: string, value: unknown];

/** All conditions that were asked for, and their values: `$1` and on. Without any it is met by every row. */
export function conditionOf(...wanted: readonly Wanted[]): {
  readonly where: string;
  readonly values: readonly unknown[];
} {
  const given = wanted.filter(([, value]) => value !== undefined);
  const conditions = given.map(([condition], index) => condition.replace("?", `$${index + 1}`));
  return { where: ["true", ...conditions].join(" AND "), values: given.map(([, value]) => value) };
}
