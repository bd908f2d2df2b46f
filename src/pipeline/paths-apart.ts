/** Files that a job would write twice, or read after it wrote them. Pure: told from the job alone, before anything is opened. */
import path from "node:path";
import type { Job, SinkOptions } from "../config/job.ts";
import { MillraceError } from "../core/errors.ts";

/** A path that a job writes. */
interface Output {
  /** Where the job says so. */
  readonly option: string;
  readonly spelled: string;
  /** Absolute, with its placeholders. */
  readonly template: string;
}

/** @throws MillraceError CONFIG_INVALID when two of the job's files are, or may be, one */
export function assertPathsApart(job: Job): void {
  const outputs = outputsOf(job);
  outputs.forEach((output, index) => {
    const other = outputs.slice(0, index).find((earlier) => overlaps(earlier.template, output.template));
    if (other !== undefined) {
      throw conflict(output, `${other.option} (${other.spelled}) writes there too; give each a path of its own`);
    }
    assertNotRead(output, job);
  });
}

function outputsOf({ sinks, rejects, baseDir }: Job): readonly Output[] {
  const names = Object.keys(sinks);
  const sinkOption = (name: string): string => (names.length === 1 ? "sink.path" : `sinks.${name}.path`);
  const all: (readonly [option: string, options: SinkOptions | null])[] = [
    ...Object.entries(sinks).map(([name, options]) => [sinkOption(name), options] as const),
    ["rejects.path", rejects],
  ];
  return all.flatMap(([option, options]) =>
    options?.type === "file" ? [{ option, spelled: options.path, template: path.resolve(baseDir, options.path) }] : [],
  );
}

function assertNotRead(output: Output, { source, baseDir }: Job): void {
  if (source.type !== "file") return;
  const file = exampleOf(output.template);
  for (const spelled of [source.path].flat()) {
    const pattern = path.resolve(baseDir, spelled);
    if (patternOf(output.template).test(pattern)) {
      throw conflict(output, `source.path (${spelled}) reads that file; write to another one`);
    }
    if (pattern === path.dirname(file) || path.matchesGlob(file, pattern)) {
      const next = "so the next run would read what this one wrote; write to another folder";
      throw conflict(output, `source.path (${spelled}) takes in what is written there, ${next}`);
    }
  }
}

/** Whether one path may stand for a file of the other. */
function overlaps(one: string, other: string): boolean {
  return patternOf(one).test(exampleOf(other)) || patternOf(other).test(exampleOf(one));
}

/** Some file that a template stands for. */
function exampleOf(template: string): string {
  return template.replaceAll("{partition}", "field=value").replaceAll("{part}", "00000");
}

/** All of them. */
function patternOf(template: string): RegExp {
  const parts = template.split(/(?<placeholder>\{partition\}|\{part\})/);
  const text = parts.map((part) => {
    if (part === "{partition}") return ".+";
    return part === "{part}" ? String.raw`\d{5,}` : RegExp.escape(part);
  });
  return new RegExp(`^${text.join("")}$`, "s");
}

function conflict({ option, spelled }: Output, message: string): MillraceError {
  return new MillraceError("CONFIG_INVALID", `${option}: ${spelled}: ${message}`);
}
