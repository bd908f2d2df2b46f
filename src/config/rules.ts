/** Rules between keys, which one key's shape cannot say. They hold the config itself, so that every mistake is told at once. */
import { formatOfPath } from "../connectors/file/options.ts";
import { valueAt, type ValuePath } from "./place.ts";
import type { Finding } from "./problem.ts";

interface Choice {
  /** Where the two keys stand. */
  readonly at: ValuePath;
  readonly keys: readonly [string, string];
  /** Whether one of them has to be there when the object is. */
  readonly required: boolean;
}

const CHOICES: readonly Choice[] = [
  { at: [], keys: ["sink", "sinks"], required: true },
  { at: ["chunk"], keys: ["size", "records"], required: true },
  { at: ["progress"], keys: ["every", "records"], required: true },
];

/** What the rules have against a config; never what its shape already says. */
export function ruleFindings(config: unknown): Finding[] {
  const files = [["source"], ["sink"]].flatMap((at) => formatFindings(at, config));
  return [...CHOICES.flatMap((choice) => choiceFindings(choice, config)), ...files];
}

/** A file's format is known by its extension or has to be given. */
function formatFindings(at: ValuePath, config: unknown): Finding[] {
  const file = valueAt(config, at);
  const given = (key: string): unknown => valueAt(file, [key]);
  if (given("type") !== "file" || given("format") !== undefined) return [];
  const paths = [given("path")].flat().filter((path) => typeof path === "string");
  const isKnown = paths.every((path) => formatOfPath(path) !== undefined || path.includes("${"));
  return isKnown ? [] : [invalid([...at, "format"], "missing; the path's extension names none of csv, jsonl")];
}

function choiceFindings({ at, keys, required }: Choice, config: unknown): Finding[] {
  const parent = valueAt(config, at);
  if (typeof parent !== "object" || parent === null || Array.isArray(parent)) return [];
  const [first, second] = keys;
  const given = keys.filter((key) => valueAt(parent, [key]) !== undefined);
  if (given.length === 2) {
    return [invalid([...at, second], `stands beside ${first}; give one of the two`)];
  }
  return given.length === 0 && required ? [invalid([...at, first], `missing; give ${first} or ${second}`)] : [];
}

function invalid(path: ValuePath, message: string): Finding {
  return { code: "CONFIG_INVALID", path, at: "key", message };
}
