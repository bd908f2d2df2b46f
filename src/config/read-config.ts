/** What every kind of config has in common: variables are filled in, shape and rules hold, every mistake is told at once. */
import type { z } from "zod";
import type { WrittenConfig } from "./definition.ts";
import { allowedKeys, findingsOf } from "./findings.ts";
import { pathKey, pathOfKey, valueAt, withValueAt } from "./place.ts";
import { type Finding, locate, problemsError } from "./problem.ts";
import { type Shown, shownWith } from "./shown.ts";
import { fillVariables, type FilledConfig, type VariableValues } from "./variables.ts";

/** What a kind of config is held against. */
export interface ConfigKind<Parsed> {
  readonly shape: z.ZodType<Parsed>;
  /** What the rules between keys have against a config, whether or not its shape holds. */
  readonly rules: (config: unknown) => readonly Finding[];
  /** Whether it has runs, which give it parameters and slots. */
  readonly runs: boolean;
  /** What only a config can be asked whose shape holds. */
  readonly refine?: (parsed: Parsed) => { readonly parsed: Parsed; readonly findings: readonly Finding[] };
}

/**
 * A config with its values, held against its kind.
 *
 * @throws MillraceError CONFIG_INVALID, VARIABLE_UNSET or NOT_BUILT with `details.problems`
 */
export function readConfig<Parsed>(
  { config, baseDir, label, places }: WrittenConfig,
  values: Omit<VariableValues, "baseDir">,
  kind: ConfigKind<Parsed>,
): Parsed {
  const filled = fillVariables(config, { ...values, baseDir });
  const shown = shownWith(filled.sources);
  const unfilled = [...filled.findings, ...(kind.runs ? [] : [...filled.waiting].map(noRun))];
  const unset = new Set(unfilled.map(({ path }) => pathKey(path)));
  const { parsed, findings: found } = parse(filled, shown, kind);
  const findings = [...found, ...kind.rules(filled.config)]
    .filter(({ path }) => !unset.has(pathKey(path)))
    .map((finding) => (filled.waiting.has(pathKey(finding.path)) ? waitingFinding(finding) : finding));
  const all = [...unfilled, ...findings];
  if (parsed === undefined || all.length > 0) throw problemsError(all.map((finding) => locate(finding, label, places)));
  return parsed;
}

interface Outcome<Parsed> {
  readonly parsed?: Parsed;
  readonly findings: readonly Finding[];
}

/** Parses; what a variable put into the place of a number or a boolean is tried again as one. */
function parse<Parsed>({ config, sources }: FilledConfig, shown: Shown, kind: ConfigKind<Parsed>): Outcome<Parsed> {
  const first = parseOnce(config, shown, kind);
  const texts = first.findings.map(({ path }) => path).filter((path) => sources.has(pathKey(path)));
  const typed = texts.reduce((changed, path) => withValueAt(changed, path, typedScalar(valueAt(config, path))), config);
  return typed === config ? first : parseOnce(typed, shown, kind);
}

function parseOnce<Parsed>(config: unknown, shown: Shown, { shape, refine }: ConfigKind<Parsed>): Outcome<Parsed> {
  const result = shape.safeParse(config, { error: allowedKeys });
  if (!result.success) return { findings: findingsOf(result.error.issues, config, shown) };
  if (refine === undefined) return { parsed: result.data, findings: [] };
  const { parsed, findings } = refine(result.data);
  return findings.length === 0 ? { parsed, findings } : { findings };
}

function typedScalar(text: unknown): unknown {
  if (text === "true" || text === "false") return text === "true";
  return typeof text === "string" && /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}

function noRun(key: string): Finding {
  const message = "param and slot are a run's and stand in job files; here: ${NAME}, ${NAME:-default} or ${file:path}";
  return { code: "CONFIG_INVALID", path: pathOfKey(key), at: "value", message };
}

function waitingFinding(finding: Finding): Finding {
  const message = `${finding.message}; it waits for a value of the run: pass --param or --slot`;
  return { ...finding, code: "VARIABLE_UNSET", message };
}
