/** `millrace check`: what is wrong with jobs, and what they promise, before anything runs. */
import type { Job } from "../../config/job.ts";
import { loadJob } from "../../config/load.ts";
import type { RunValues } from "../../config/read-job.ts";
import { MillraceError } from "../../core/errors.ts";
import { formatCounted } from "../../observability/figures.ts";
import type { Paint, Tone } from "../../observability/palette.ts";
import { promiseOf, type Remark, type SinkPromise } from "../../pipeline/promise.ts";
import { EXIT, exitCodeOfError } from "../exit-codes.ts";
import { describeFlow, describeFormats, describeRejects, drawFlow } from "../job-text.ts";
import { refuseLater } from "../options.ts";
import { errorText } from "../report-error.ts";
import { openValues, type ValueFlags } from "../run-values.ts";
import { type CliProcess, painterFor } from "../terminal.ts";

/** The command's options, as the command line gives them. */
export interface CheckFlags extends ValueFlags {
  readonly connect?: boolean;
  readonly json?: boolean;
}

/** What is known of one job file. */
type Checked =
  | {
      readonly file: string;
      readonly job: Job;
      readonly promises: readonly SinkPromise[];
      readonly connected: readonly string[];
    }
  | { readonly file: string; readonly error: unknown };

/**
 * Checks every file; a mistake in one does not hide those in the others.
 *
 * @returns the exit code: 2 when a config is wrong, 1 when only a connection failed
 */
export async function checkCommand(files: readonly string[], flags: CheckFlags, process: CliProcess): Promise<number> {
  refuseLater(flags, { showCodec: "it has nothing generated to show" });
  const values = openValues(flags, process.env);
  const checked: Checked[] = [];
  for (const file of files) checked.push(await checkFile(file, values, flags.connect === true, checked));
  const text =
    flags.json === true
      ? `${JSON.stringify(toJson(checked))}\n`
      : textOf(checked, painterFor(process.stdout, process.env));
  for (const one of checked) if ("error" in one) process.stderr.write(`${errorText(one.error)}\n`);
  process.stdout.write(text);
  const codes = checked.flatMap((one) => ("error" in one ? [exitCodeOfError(one.error)] : []));
  return Math.max(EXIT.done, ...codes);
}

async function checkFile(
  file: string,
  values: RunValues,
  connect: boolean,
  before: readonly Checked[],
): Promise<Checked> {
  try {
    const job = await loadJob(file, values);
    const twin = before.find((other) => "job" in other && other.job.name === job.name);
    if (twin !== undefined) {
      throw new MillraceError(
        "CONFIG_INVALID",
        `${file}: name: ${job.name} is the name of ${twin.file} too; names have to differ`,
      );
    }
    return { file, job, promises: promiseOf(job), connected: connect ? await lookAround(job) : [] };
  } catch (error) {
    return { file, error };
  }
}

/** Loaded only when asked for: it brings the whole runtime with it. */
async function lookAround(job: Job): Promise<readonly string[]> {
  const { connectJob } = await import("../connect-job.ts");
  return connectJob(job);
}

function textOf(checked: readonly Checked[], paint: Paint): string {
  const width = Math.max(0, ...checked.map((one) => ("job" in one ? one.job.name.length : 0)));
  const jobs = checked.flatMap((one) => ("job" in one ? jobLines(one, width, paint) : []));
  return `${[...jobs, totals(checked)].join("\n")}\n`;
}

function jobLines({ job, promises, connected }: Extract<Checked, { job: Job }>, width: number, paint: Paint): string[] {
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
    labelled("format", describeFormats(job)),
    labelled("rejects", describeRejects(job)),
    ...connected.map((line) => labelled("found", line)),
  ];
}

/** What is so for every one of several sinks is told once. */
function isShared({ edge }: Remark, promises: readonly SinkPromise[]): boolean {
  return promises.length > 1 && promises.every(({ warnings }) => warnings.some((warning) => warning.edge === edge));
}

function totals(checked: readonly Checked[]): string {
  const { errors, warnings } = countsOf(checked);
  const figures = [
    formatCounted(checked.length, "job"),
    formatCounted(errors, "error"),
    formatCounted(warnings, "warning"),
  ];
  return figures.join(", ");
}

function countsOf(checked: readonly Checked[]): { errors: number; warnings: number } {
  const errors = checked.filter((one) => "error" in one).length;
  const warned = checked.map((one) => ("job" in one ? distinctWarnings(one.promises) : 0));
  return { errors, warnings: warned.reduce((sum, count) => sum + count, 0) };
}

function distinctWarnings(promises: readonly SinkPromise[]): number {
  const all = promises.flatMap(({ warnings }) => warnings);
  const shared = new Set(all.filter((warning) => isShared(warning, promises)).map(({ edge }) => edge));
  return all.filter((warning) => !isShared(warning, promises)).length + shared.size;
}

function toJson(checked: readonly Checked[]): object {
  const jobs = checked.map((one) => {
    if ("error" in one) return { file: one.file, error: errorText(one.error) };
    const { file, job, promises, connected } = one;
    return { file, job: job.name, flow: describeFlow(job), format: describeFormats(job), promises, found: connected };
  });
  return { jobs, ...countsOf(checked) };
}
