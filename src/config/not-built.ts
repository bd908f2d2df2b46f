/** Keys that every config knows and whose engine comes with a later release: a job that uses one is refused by its name. */
import { builtConnectors, connectorSpecs, isLiveType } from "../connectors/catalog.ts";
import { valueAt, type ValuePath } from "./place.ts";
import type { Finding } from "./problem.ts";

/** Which values of a key have no engine yet. */
interface Gap {
  /** `*` stands for every key. */
  readonly path: readonly string[];
  readonly refused: (value: unknown) => boolean;
  /** What can be used instead, or what the key will do. */
  readonly note: string;
}

const given = (): boolean => true;
const oneOf =
  (...refused: unknown[]) =>
  (value: unknown): boolean =>
    refused.includes(value);

const GAPS: readonly Gap[] = [
  { path: ["aggregate"], refused: given, note: "groups, measures and windows over the records" },
  { path: ["chunk", "size"], refused: oneOf("adaptive"), note: "built now: a size such as 1MiB, or records" },
];

/** What a config asks for that is not built yet. */
export function notBuiltFindings(config: unknown): Finding[] {
  const keys = GAPS.flatMap((gap) => pathsOf(config, gap.path).flatMap((path) => gapFinding(gap, path, config)));
  return [...connectorFindings(config), ...tailingFindings(config), ...keys];
}

function gapFinding({ refused, note }: Gap, path: ValuePath, config: unknown): Finding[] {
  const value = valueAt(config, path);
  if (value === undefined || !refused(value)) return [];
  const message = `not built in this release (${note})`;
  if (refused === given) return [{ code: "NOT_BUILT", path, at: "key", message }];
  const named = typeof value === "string" && /^\w+$/.test(value) ? `${value}: ` : "";
  return [{ code: "NOT_BUILT", path, at: "value", message: named + message }];
}

/** An unknown type is the shape's business; here only those that the catalogue lists without code. */
function connectorFindings(config: unknown): Finding[] {
  const sides: (readonly [readonly string[], readonly string[]])[] = [
    [["source"], builtConnectors("source")],
    [["sink"], builtConnectors("sink")],
    [["sinks", "*"], builtConnectors("sink")],
    [["rejects"], ["file", "kafka", "http"]],
  ];
  return sides.flatMap(([at, built]) =>
    pathsOf(config, [...at, "type"]).flatMap((path): Finding[] => {
      const type = valueAt(config, path);
      if (typeof type !== "string" || built.includes(type) || !Object.hasOwn(connectorSpecs, type)) return [];
      const message = `${type}: not built in this release; built now: ${built.join(", ")}`;
      return [{ code: "NOT_BUILT", path, at: "value", message }];
    }),
  );
}

/** A source that ends is run again and again; that makes sense for one alone that reads only what is new. */
function tailingFindings(config: unknown): Finding[] {
  const path = ["trigger", "type"];
  const type = valueAt(config, ["source", "type"]);
  const isLive =
    (typeof type === "string" && isLiveType(type)) || valueAt(config, ["source", "module", "live"]) === true;
  if (valueAt(config, path) !== "continuous" || isLive || valueAt(config, ["source", "incremental"]) === true)
    return [];
  const message =
    "continuous: not built in this release for a source that ends and is read again as a whole; set incremental: true in the source, or take an interval";
  return [{ code: "NOT_BUILT", path, at: "value", message }];
}

/** The paths of a config that a pattern stands for. */
function pathsOf(config: unknown, pattern: readonly string[]): ValuePath[] {
  return pattern.reduce<ValuePath[]>(
    (paths, step) =>
      paths.flatMap((path) => {
        if (step !== "*") return [[...path, step]];
        const parent = valueAt(config, path);
        return typeof parent === "object" && parent !== null ? Object.keys(parent).map((key) => [...path, key]) : [];
      }),
    [[]],
  );
}
