/** JSON pointers: RFC 6901. */

/**
 * The steps of a pointer.
 *
 * @example
 * pointerSteps("/data/a~1b"); // ["data", "a/b"]
 */
export function pointerSteps(pointer: string): readonly string[] {
  const [, ...steps] = pointer.split("/");
  return steps.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** What stands at a pointer; undefined where a step leads nowhere. */
export function valueAtPointer(value: unknown, pointer: string): unknown {
  return pointerSteps(pointer).reduce<unknown>(
    (at, step) =>
      typeof at === "object" && at !== null && Object.hasOwn(at, step)
        ? (at as Readonly<Record<string, unknown>>)[step]
        : undefined,
    value,
  );
}
