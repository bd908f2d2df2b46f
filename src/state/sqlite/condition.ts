/** What a filter asks for, as the condition of a query. */
import type { SQLInputValue } from "node:sqlite";

/** A condition with one `?`, and its value; undefined: it was not asked for. */
export type Wanted = readonly [condition: string, value: SQLInputValue | undefined];

/** All conditions that were asked for, and their values in order; without any it is met by every row. */
export function conditionOf(...wanted: readonly Wanted[]): {
  readonly where: string;
  readonly values: readonly SQLInputValue[];
} {
  const given = wanted.flatMap(([condition, value]) => (value === undefined ? [] : [{ condition, value }]));
  return {
    where: ["true", ...given.map(({ condition }) => condition)].join(" AND "),
    values: given.map(({ value }) => value),
  };
}

/** A column that has one of some values; to be used with {@link conditionOf}. */
export function isOneOf(column: string, values: readonly (string | number)[] | undefined): Wanted {
  return [`${column} IN (SELECT value FROM json_each(?))`, values && JSON.stringify(values)];
}
