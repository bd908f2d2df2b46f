/**
 * Fills `${...}` into the text values of a config, after it has been parsed: a value can never change the structure.
 *
 * `${NAME}` the environment's, `${NAME:-default}` when it is unset or empty, `${file:path}` a file's content without its
 * last line end, `${param.NAME}` a run's parameter, `${slot.date}` and `${slot.time}` the schedule's nominal time as the
 * slot spells it; `$${` is a plain `${`.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { nearestName } from "../core/nearest.ts";
import { pathKey, type ValuePath } from "./place.ts";
import type { Finding } from "./problem.ts";

/** Where the values come from. */
export interface VariableValues {
  readonly environment: { readonly [name: string]: string | undefined };
  /** Undefined: not known yet, so `${param.NAME}` takes its default or stays as it is. */
  readonly params: { readonly [name: string]: string } | undefined;
  /** ISO 8601; null: the run has none; undefined: not known yet. */
  readonly slot: string | null | undefined;
  /** Folder that `${file:...}` starts from. */
  readonly baseDir: string;
}

/** A config with its variables filled in. */
export interface FilledConfig {
  readonly config: unknown;
  /** For each value that holds a variable's: the variables as they are written, for messages that must not show the value. */
  readonly sources: ReadonlyMap<string, string>;
  /** Values that still wait for a parameter or a slot. */
  readonly waiting: ReadonlySet<string>;
  readonly findings: readonly Finding[];
}

/** Fills every text value of `config`, which stays as it is. */
export function fillVariables(config: unknown, values: VariableValues): FilledConfig {
  const sources = new Map<string, string>();
  const waiting = new Set<string>();
  const findings: Finding[] = [];

  const fill = (value: unknown, at: ValuePath): unknown => {
    if (typeof value === "string") return fillText(value, at);
    if (Array.isArray(value)) return value.map((item, index) => fill(item, [...at, index]));
    if (!isPlainObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, [...at, key])]));
  };

  const fillText = (text: string, at: ValuePath): string => {
    if (!text.includes("${")) return text;
    const used: string[] = [];
    const filled = text.replaceAll(
      reference,
      (written: string, escaped: string | undefined, inner: string | undefined) => {
        if (escaped !== undefined) return "${";
        const found = lookUp(inner, values);
        if ("problem" in found) findings.push({ code: found.code, path: at, at: "value", message: found.problem });
        else if ("value" in found) used.push(written);
        else waiting.add(pathKey(at));
        return "value" in found ? found.value : written;
      },
    );
    if (used.length > 0) sources.set(pathKey(at), used.join(""));
    return filled;
  };

  return { config: fill(config, []), sources, waiting, findings };
}

/** Whether a config asks for a run's parameters or its slot. */
export function needsRunValues(config: unknown): boolean {
  if (typeof config === "string") return /\$\{(?:param|slot)\./.test(config);
  if (Array.isArray(config)) return config.some(needsRunValues);
  return isPlainObject(config) && Object.values(config).some(needsRunValues);
}

/** `$${` | `${inner}` | an opened one that never closes. */
const reference = /(\$\$\{)|\$\{(?:([^{}]*)\})?/g;

const ALLOWED =
  "${NAME}, ${NAME:-default}, ${file:/run/secrets/name}, ${param.NAME}, ${slot.date} or ${slot.time}; a plain ${ is written $${";

type Found =
  | { readonly value: string }
  | { readonly code: "CONFIG_INVALID" | "VARIABLE_UNSET"; readonly problem: string }
  /** Its value is not known yet. */
  | { readonly later: true };

function lookUp(inner: string | undefined, values: VariableValues): Found {
  if (inner?.startsWith("file:") === true) return fromFile(inner.slice("file:".length), values.baseDir);
  const { name, fallback } = /^(?<name>[A-Za-z_][\w.-]*?)(?::-(?<fallback>.*))?$/s.exec(inner ?? "")?.groups ?? {};
  if (name === undefined) return { code: "CONFIG_INVALID", problem: `not a variable; allowed: ${ALLOWED}` };
  const found = named(name, values);
  const isAbsent = "value" in found ? found.value === "" : "later" in found || found.code === "VARIABLE_UNSET";
  return fallback !== undefined && isAbsent ? { value: fallback } : found;
}

function named(name: string, values: VariableValues): Found {
  if (name.startsWith("param.")) return fromParams(name.slice("param.".length), values.params);
  if (name.startsWith("slot.")) return fromSlot(name.slice("slot.".length), values.slot);
  if (!/^\w+$/.test(name))
    return { code: "CONFIG_INVALID", problem: `\${${name}} is not a variable; allowed: ${ALLOWED}` };
  const value = values.environment[name];
  if (value !== undefined) return { value };
  const near = nearestName(name, Object.keys(values.environment));
  const guess = near === undefined ? "" : ` (nearest: ${near})`;
  return unset(`the environment variable ${name} is not set${guess}; set it or give a default: \${${name}:-...}`);
}

function fromParams(name: string, params: VariableValues["params"]): Found {
  if (params === undefined) return { later: true };
  const value = Object.hasOwn(params, name) ? params[name] : undefined;
  if (value !== undefined) return { value };
  return unset(
    `the parameter ${name} is not given; pass --param ${name}=... or give a default: \${param.${name}:-...}`,
  );
}

function fromSlot(part: string, slot: VariableValues["slot"]): Found {
  if (part !== "date" && part !== "time") {
    return {
      code: "CONFIG_INVALID",
      problem: `\${slot.${part}} is not a variable; allowed: \${slot.date}, \${slot.time}`,
    };
  }
  if (slot === undefined) return { later: true };
  if (slot === null) return unset(`this run has no slot to take \${slot.${part}} from; pass --slot 2026-11-22T02:00`);
  const {
    date = slot,
    time = "00:00",
    seconds = ":00",
  } = /^(?<date>[^T ]+)(?:[T ](?<time>\d\d:\d\d)(?<seconds>:\d\d)?)?/.exec(slot)?.groups ?? {};
  return { value: part === "date" ? date : time + seconds };
}

function fromFile(name: string, baseDir: string): Found {
  try {
    return { value: readFileSync(path.resolve(baseDir, name), "utf8").replace(/\r?\n$/, "") };
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    return unset(`the file ${name} of \${file:...} cannot be read (${code ?? "unknown error"})`);
  }
}

function unset(problem: string): Found {
  return { code: "VARIABLE_UNSET", problem };
}

function isPlainObject(value: unknown): value is { readonly [key: string]: unknown } {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
