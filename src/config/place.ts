/** Where in a job's file a value stands. */

/** Keys and indexes from the job's root to a value. */
export type ValuePath = readonly (string | number)[];

/** A point of a text, both counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Knows the places of keys and values; a job made by a program has none. */
export interface Places {
  /** Where the key itself stands, when `path` ends in one. */
  key(path: ValuePath): Place | undefined;
  value(path: ValuePath): Place | undefined;
}

/** The places of a job that stands in no file of its own. */
export const NO_PLACES: Places = { key: () => undefined, value: () => undefined };

/** A path as one map key. */
export function pathKey(path: ValuePath): string {
  return JSON.stringify(path);
}

/** The path behind a {@link pathKey}. */
export function pathOfKey(key: string): ValuePath {
  return JSON.parse(key) as ValuePath;
}

/**
 * A path for people.
 *
 * @example
 * pathText(["source", "path", 1]); // "source.path[1]"
 */
export function pathText(path: ValuePath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    if (!/^[$\w-]+$/.test(step)) return `${text}[${JSON.stringify(step)}]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");
}

/** The value at a path; undefined when the path leads nowhere. */
export function valueAt(config: unknown, path: ValuePath): unknown {
  return path.reduce<unknown>(
    (value, step) => (isContainer(value) && Object.hasOwn(value, step) ? value[step] : undefined),
    config,
  );
}

/** The same config with another value at a path that leads somewhere. */
export function withValueAt(config: unknown, path: ValuePath, value: unknown): unknown {
  if (valueAt(config, path) === value) return config;
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const inner = withValueAt(valueAt(config, [step]), rest, value);
  return Array.isArray(config) ? config.with(Number(step), inner) : { ...(config as object), [step]: inner };
}

function isContainer(value: unknown): value is { readonly [step: string | number]: unknown } {
  return typeof value === "object" && value !== null;
}
