/** Sources and sinks of the user's own: what a job gives them is held against what they say of themselves. */
import type { SinkDefinition, SourceDefinition } from "../core/ports/connector.ts";
import type { SchemaIssue } from "../core/standard-schema.ts";
import type { ParsedJob } from "./job-shape.ts";
import { type ValuePath, withValueAt } from "./place.ts";
import type { Finding } from "./problem.ts";

/** A source or sink of `type: module` with its place in the job. */
interface Placed {
  readonly at: ValuePath;
  readonly side: "source" | "sink";
  readonly module: SourceDefinition | SinkDefinition | string;
  readonly options: { readonly [option: string]: unknown };
}

interface Checked {
  readonly value: unknown;
  readonly findings: readonly Finding[];
}

/** The job with the options that its connectors made of what is written, and what they have against it. */
export function withModuleOptions(job: ParsedJob): { readonly job: ParsedJob; readonly findings: readonly Finding[] } {
  const findings = [...sourceFindings(job)];
  let checked: unknown = job;
  for (const place of placesOf(job)) {
    const { value, findings: found } = checkOptions(place);
    findings.push(...found);
    checked = withValueAt(checked, [...place.at, "options"], value);
  }
  return { job: checked as ParsedJob, findings };
}

function placesOf({ source, sink, sinks = {} }: ParsedJob): readonly Placed[] {
  const all = [
    { at: ["source"], side: "source" as const, given: source },
    { at: ["sink"], side: "sink" as const, given: sink },
    ...Object.entries(sinks).map(([name, given]) => ({ at: ["sinks", name], side: "sink" as const, given })),
  ];
  return all.flatMap(({ at, side, given }) =>
    given?.type === "module" ? [{ at, side, module: given.module, options: given.options }] : [],
  );
}

function checkOptions({ at, side, module, options }: Placed): Checked {
  const path = [...at, "options"];
  if (typeof module === "string") return { value: options, findings: [pathInProgram([...at, "module"], side)] };
  if (module.options === undefined) {
    const message = `unknown key; ${module.name} takes no options`;
    return { value: options, findings: Object.keys(options).map((key) => invalid([...path, key], message, "key")) };
  }
  const result = module.options["~standard"].validate(options);
  if (result instanceof Promise) {
    const message = `the schema of ${module.name} answers later; a job is read at once, so look things up in resolve`;
    return { value: options, findings: [invalid(path, message)] };
  }
  if (result.issues === undefined) return { value: result.value, findings: [] };
  return { value: options, findings: result.issues.map((issue) => optionFinding(issue, path)) };
}

function optionFinding({ path = [], message }: SchemaIssue, at: ValuePath): Finding {
  const steps = path.map((step) => (typeof step === "object" ? step.key : step));
  return invalid([...at, ...steps.map((step) => (typeof step === "symbol" ? String(step) : step))], message);
}

/** What the runtime's own keys ask of the source. */
function sourceFindings({ source }: ParsedJob): Finding[] {
  if (source.type !== "module" || typeof source.module === "string") return [];
  const { name, format, incremental } = source.module;
  const findings: Finding[] = [];
  if (source.incremental && incremental !== true) {
    const message = `${name} cannot tell what is new since the last run; leave it out`;
    findings.push(invalid(["source", "incremental"], message));
  }
  if ((source.format ?? format) === undefined) {
    const message = `missing; ${name} brings no format of its own, so say csv, jsonl, json or text`;
    findings.push(invalid(["source", "format"], message, "key"));
  }
  return findings;
}

function pathInProgram(path: ValuePath, side: "source" | "sink"): Finding {
  return invalid(
    path,
    `a program imports the connector and calls it: ${side}: connector({...}); a path stands in a job file`,
  );
}

function invalid(path: ValuePath, message: string, at: Finding["at"] = "value"): Finding {
  return { code: "CONFIG_INVALID", path, at, message };
}
