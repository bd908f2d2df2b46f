/** Keys that every config knows and whose engine comes with a later release: a job that uses one is refused by its name. */
import { builtConnectors, connectorSpecs } from "../connectors/catalog.ts";
import { valueAt, type ValuePath } from "./place.ts";
import type { Finding } from "./problem.ts";

/** Which values of a key have no engine yet. */
interface Gap {
  /** `*` stands for every key. */
  readonly path: readonly string[];
  readonly refused: (value: unknown) => boolean;
  /** What can be used instead, or what the key will do. */
  readonly note: string;
  /** The type that the object around the key must have. */
  readonly type?: string;
}

const given = (): boolean => true;
const oneOf =
  (...refused: unknown[]) =>
  (value: unknown): boolean =>
    refused.includes(value);
const matching =
  (pattern: RegExp) =>
  (value: unknown): boolean =>
    [value].flat().some((text) => typeof text === "string" && pattern.test(text));

const SINKS = [["sink"], ["sinks", "*"], ["rejects"]] as const;
const COMPRESSED = { refused: matching(/\.(?:gz|zst)$/i), note: "compressed files; built now: plain ones" };

const SINK_GAPS: readonly (Gap & { readonly type: string })[] = [
  { type: "file", path: ["path"], ...COMPRESSED },
  {
    type: "file",
    path: ["path"],
    refused: matching(/\{partition\}/),
    note: "{partition}; the result can have {part} only",
  },
  { type: "file", path: ["compression"], refused: oneOf("gzip", "zstd"), note: "built now: none" },
  { type: "file", path: ["mode"], refused: oneOf("append"), note: "built now: replace" },
  { type: "file", path: ["rotate", "interval"], refused: given, note: "built now: bytes, records" },
  { type: "file", path: ["partitionBy"], refused: given, note: "all records go into one place" },
  {
    type: "postgres",
    path: ["mode"],
    refused: oneOf("upsert", "insertIgnore", "replace", "insert"),
    note: "built now: append",
  },
  { type: "postgres", path: ["copy"], refused: oneOf("binary"), note: "built now: auto, text" },
  { type: "postgres", path: ["onUnknownField"], refused: oneOf("addColumn"), note: "built now: error, ignore" },
  { type: "postgres", path: ["createTable"], refused: oneOf(true), note: "create the table first" },
  ...["key", "deleteWhen", "onlyNewer", "before", "after"].map((key) => ({
    type: "postgres",
    path: [key],
    refused: given,
    note: "leave it out",
  })),
];

const GAPS: readonly Gap[] = [
  { path: ["source", "path"], type: "file", ...COMPRESSED },
  { path: ["source", "compression"], type: "file", refused: oneOf("gzip", "zstd"), note: "built now: none" },
  { path: ["source", "format"], type: "file", refused: oneOf("json", "text"), note: "built now: csv, jsonl" },
  { path: ["source", "incremental"], type: "file", refused: oneOf(true), note: "every run reads everything" },
  { path: ["select"], refused: given, note: "a transform can leave fields out" },
  { path: ["rename"], refused: given, note: "a transform can rename fields" },
  { path: ["transform", "mode"], refused: oneOf("chunk", "columns", "async"), note: "built now: record" },
  { path: ["aggregate"], refused: given, note: "groups, measures and windows over the records" },
  { path: ["chunk", "size"], refused: oneOf("adaptive"), note: "built now: a size such as 1MiB, or records" },
  { path: ["onSinkDown"], refused: oneOf("fail"), note: "built now: wait" },
  {
    path: ["trigger", "type"],
    refused: oneOf("cron", "interval", "continuous", "watch", "after"),
    note: "built now: once, manual",
  },
  { path: ["alerts"], refused: given, note: "a daemon's business" },
  { path: ["retention"], refused: given, note: "runs and rejects are kept" },
  ...SINKS.flatMap((at) => SINK_GAPS.map((gap): Gap => ({ ...gap, path: [...at, ...gap.path] }))),
];

/** What a config asks for that is not built yet. */
export function notBuiltFindings(config: unknown): Finding[] {
  const keys = GAPS.flatMap((gap) => pathsOf(config, gap.path).flatMap((path) => gapFinding(gap, path, config)));
  return [...connectorFindings(config), ...keys, ...manySinks(config)];
}

function gapFinding({ refused, note, type }: Gap, path: ValuePath, config: unknown): Finding[] {
  const value = valueAt(config, path);
  if (value === undefined || !refused(value) || (type !== undefined && !stands(type, path, config))) return [];
  const message = `not built in this release (${note})`;
  if (refused === given) return [{ code: "NOT_BUILT", path, at: "key", message }];
  const named = typeof value === "string" && /^\w+$/.test(value) ? `${value}: ` : "";
  return [{ code: "NOT_BUILT", path, at: "value", message: named + message }];
}

/** Whether the nearest object around a key that has a type has this one. */
function stands(type: string, path: ValuePath, config: unknown): boolean {
  const around = path.map((_, depth) => valueAt(config, [...path.slice(0, depth), "type"]));
  return around.findLast((found) => found !== undefined) === type;
}

/** An unknown type is the shape's business; here only those that the catalogue lists without code. */
function connectorFindings(config: unknown): Finding[] {
  const sides: (readonly [readonly string[], readonly string[]])[] = [
    [["source"], builtConnectors("source")],
    [["sink"], builtConnectors("sink")],
    [["sinks", "*"], builtConnectors("sink")],
    [["rejects"], ["file"]],
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

function manySinks(config: unknown): Finding[] {
  const sinks = valueAt(config, ["sinks"]);
  const count = typeof sinks === "object" && sinks !== null ? Object.keys(sinks).length : 0;
  if (count < 2) return [];
  return [
    {
      code: "NOT_BUILT",
      path: ["sinks"],
      at: "key",
      message: `${count} sinks: not built in this release (one sink a job for now)`,
    },
  ];
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
