/** `millrace check` as text and as JSON. */
import path from "node:path";
import type { RuntimeFile } from "../../config/load-runtime.ts";
import { formatCounted } from "../../observability/figures.ts";
import type { Paint, Tone } from "../../observability/palette.ts";
import type { Remark, SinkPromise } from "../../pipeline/promise.ts";
import { postgresLabel } from "../../state/options.ts";
import { describeFlow, describeFormats, describeRejects, drawFlow } from "../job-text.ts";
import { errorText } from "../report-error.ts";
import { describeTrigger } from "../trigger-text.ts";
import type { CheckedJob, Checks } from "./checked.ts";

/** For people: what was found right, and the totals. What is wrong is told on stderr. */
export function checksText({ runtimes, jobs }: Checks, paint: Paint, now: number): string {
  const width = Math.max(0, ...jobs.map((one) => ("job" in one ? one.job.name.length : 0)));
  const lines = [
    ...runtimes.flatMap((one) =>
      "runtime" in one ? [`${paint("strong", one.file)}   ${describeRuntime(one.runtime)}`] : [],
    ),
    ...jobs.flatMap((one) => ("job" in one ? jobLines(one, { width, paint, now }) : [])),
    totals({ runtimes, jobs }),
  ];
  return `${lines.join("\n")}\n`;
}

/** For programs: one object. */
export function checksJson(checks: Checks, now: number): object {
  const jobs = checks.jobs.map((one) => {
    if ("error" in one) return { file: one.file, error: errorText(one.error) };
    const { file, job, promises, connected, codec } = one;
    const trigger = describeTrigger(job.trigger, now);
    return {
      file,
      job: job.name,
      flow: describeFlow(job),
      ...(trigger === null ? {} : { trigger }),
      format: describeFormats(job),
      promises,
      found: connected,
      ...(codec.length === 0 ? {} : { codec }),
    };
  });
  const runtimes = checks.runtimes.map((one) =>
    "error" in one ? { file: one.file, error: errorText(one.error) } : { file: one.file, jobs: one.runtime.jobFiles },
  );
  return { ...(runtimes.length === 0 ? {} : { runtimes }), jobs, ...countsOf(checks) };
}

/** Where it keeps its state and where it listens; never a secret. */
function describeRuntime({ config, jobFiles }: RuntimeFile): string {
  const { state, admin } = config;
  const host = admin.host.includes(":") ? `[${admin.host}]` : admin.host;
  const token = admin.token === null ? "" : " (token)";
  return `${formatCounted(jobFiles.length, "job")}, state ${describeState(state)}, http ${host}:${admin.port}${token}`;
}

function describeState(state: RuntimeFile["config"]["state"]): string {
  switch (state.type) {
    case "sqlite":
      return path.relative("", state.path);
    case "postgres":
      return postgresLabel(state.url, state.schema);
    case "memory":
      return "in memory";
  }
}

/** How lines are laid out. */
interface Layout {
  /** Characters of the longest name. */
  readonly width: number;
  readonly paint: Paint;
  /** Milliseconds since 1970. */
  readonly now: number;
}

function jobLines({ job, promises, connected, codec }: CheckedJob, { width, paint, now }: Layout): string[] {
  const trigger = describeTrigger(job.trigger, now);
  const several = promises.length > 1;
  const labelled = (label: string, text: string, tone: Tone = "quiet"): string =>
    `  ${paint(tone, label.padEnd(9))} ${text}`;
  const changeLine = (change: string | null): string[] => (change === null ? [] : [labelled("", `-> ${change}`)]);
  const warningLines = (edge: string, change: string | null): string[] => [
    labelled("warning", edge, "warning"),
    ...changeLine(change),
  ];
  const flow = drawFlow(job).map((line, index) =>
    index === 0 ? `${paint("strong", job.name.padEnd(width))}   ${line}` : " ".repeat(width + 3) + line,
  );
  return [
    ...flow,
    ...promises.flatMap(({ sink, promise, weakenedBy, warnings }) => [
      labelled("promise", several ? `${sink}: ${promise}` : promise),
      ...weakenedBy.flatMap(({ edge, change }) => [labelled("", `weakened by ${edge}`), ...changeLine(change)]),
      ...warnings
        .filter((warning) => !isShared(warning, promises))
        .flatMap((warning) => warningLines(several ? `${sink}: ${warning.edge}` : warning.edge, warning.change)),
    ]),
    ...(promises[0]?.warnings ?? [])
      .filter((warning) => isShared(warning, promises))
      .flatMap(({ edge, change }) => warningLines(edge, change)),
    ...(trigger === null ? [] : [labelled("trigger", trigger)]),
    labelled("format", describeFormats(job)),
    labelled("rejects", describeRejects(job)),
    ...connected.map((line) => labelled("found", line)),
    ...codec.map(({ what, how }) => labelled("codec", `${what}: ${how}`)),
    ...codec.flatMap(({ what, code }) => code.flatMap((text) => ["", paint("quiet", `// ${what}`), text])),
  ];
}

/** What is so for every one of several sinks is told once. */
function isShared({ edge }: Remark, promises: readonly SinkPromise[]): boolean {
  return promises.length > 1 && promises.every(({ warnings }) => warnings.some((warning) => warning.edge === edge));
}

function totals(checks: Checks): string {
  const { errors, warnings } = countsOf(checks);
  const figures = [
    formatCounted(checks.jobs.length, "job"),
    formatCounted(errors, "error"),
    formatCounted(warnings, "warning"),
  ];
  return figures.join(", ");
}

function countsOf({ runtimes, jobs }: Checks): { errors: number; warnings: number } {
  const errors = [...runtimes, ...jobs].filter((one) => "error" in one).length;
  const warned = jobs.map((one) => ("job" in one ? distinctWarnings(one.promises) : 0));
  return { errors, warnings: warned.reduce((sum, count) => sum + count, 0) };
}

function distinctWarnings(promises: readonly SinkPromise[]): number {
  const all = promises.flatMap(({ warnings }) => warnings);
  const shared = new Set(all.filter((warning) => isShared(warning, promises)).map(({ edge }) => edge));
  return all.filter((warning) => !isShared(warning, promises)).length + shared.size;
}
