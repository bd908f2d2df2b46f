/** Tells the story of a run: a bar and a summary on a terminal, JSON lines elsewhere, nothing when quiet. */
import path from "node:path";
import { isEndless, type Job } from "../config/job.ts";
import { systemClock } from "../core/clock.ts";
import type { Observer } from "../core/ports/observer.ts";
import type { RunSummary } from "../core/summary.ts";
import { redact } from "../core/redact.ts";
import type { ProgressEvery } from "../observability/run-log.ts";
import type { DryRunRecord } from "./dry-run/dry-run-record.ts";
import { canRedraw, type CliProcess, columnsOf, needsAscii, painterFor, wantsColor } from "./terminal.ts";

/** What a reporter needs to know. */
export interface RunReporterOptions {
  readonly job: Job;
  readonly json: boolean;
  readonly quiet: boolean;
  /** Only the first records: a run that nothing resumes. */
  readonly limited: boolean;
  /** What a dry run was shown; null: it is a real one. */
  readonly dryRun: DryRunRecord | null;
}

/** Observes a run and tells its end. Disposing it frees the terminal's line. */
export interface RunReporter extends Disposable {
  readonly observers: readonly Observer[];
  end(summary: RunSummary): void;
  /** Writes a line for people, unless that is not wanted. */
  tell(line: string): void;
}

/** The reporter for this terminal and these options. */
export async function runReporter(options: RunReporterOptions, process: CliProcess): Promise<RunReporter> {
  const story = await storyOf(options, process);
  const results = await resultsOf(options, process);
  return {
    observers: story.observers,
    end(summary) {
      story[Symbol.dispose]();
      results(summary);
      if (!options.json && !options.quiet) story.end(summary);
      if (options.quiet && summary.error !== null) {
        process.stderr.write(`error: ${redact(summary.error.message)} (${summary.error.code})\n`);
      }
    },
    tell: (line) => story.tell(line),
    [Symbol.dispose]: () => story[Symbol.dispose](),
  };
}

/** What is printed whatever tells the story: the object of `--json`, the tables of a dry run. */
async function resultsOf(
  { job, json, dryRun }: RunReporterOptions,
  { stdout, stderr, env }: CliProcess,
): Promise<(summary: RunSummary) => void> {
  if (dryRun === null) return json ? (summary) => void stdout.write(`${JSON.stringify(summary)}\n`) : () => {};
  const { dryRunToJson, renderDryRun } = await import("./dry-run/render.ts");
  if (json) return (summary) => void stdout.write(`${JSON.stringify({ ...summary, dryRun: dryRunToJson(dryRun) })}\n`);
  const view = {
    width: columnsOf(stdout, stderr),
    paint: painterFor(stdout, env),
    sinks: Object.keys(job.sinks),
  };
  return () => void stdout.write(`${renderDryRun(dryRun, view)}\n\n`);
}

async function storyOf(options: RunReporterOptions, process: CliProcess): Promise<RunReporter> {
  if (options.quiet) return { observers: [], end: () => {}, tell: () => {}, [Symbol.dispose]: () => {} };
  return process.stderr.isTTY === true ? terminalStory(options, process) : logStory(options.job, process);
}

/** The log's last line tells the end. */
async function logStory({ progress }: Job, { stderr }: CliProcess): Promise<RunReporter> {
  const { logger } = await import("../observability/logger.ts");
  const log = await logger({ stream: stderr, progress: progressEvery(progress), records: true });
  const tell = (line: string): void => void stderr.write(`${line}\n`);
  return { observers: [log], end: () => {}, tell, [Symbol.dispose]: () => {} };
}

function progressEvery(progress: Job["progress"]): ProgressEvery {
  return progress.kind === "time" ? { everyMs: progress.everyMs } : { everyRecords: progress.records };
}

/** A bar where a line can be drawn over again, else lines for people every few seconds. */
async function terminalStory(options: RunReporterOptions, { stdout, stderr, env }: CliProcess): Promise<RunReporter> {
  const { logger } = await import("../observability/logger.ts");
  const { progressBar } = await import("../observability/progress-bar.ts");
  const { renderHeader } = await import("../observability/run-header.ts");
  const { renderSummary } = await import("../observability/summary.ts");
  const color = wantsColor(stderr, env);
  const paint = painterFor(stderr, env);
  const live = canRedraw(stderr, env);
  const bar = progressBar(live ? stderr : { write: (text) => stderr.write(text) }, systemClock, {
    color,
    ascii: needsAscii(env),
  });
  const told = live ? { level: "warn" as const } : { progress: progressEvery(options.job.progress) };
  const troubles = await logger({ stream: bar, pretty: true, color, ...told });
  // Rejects are in the bar and, by their kinds, in the summary, which tells the end too.
  const lines: Observer = (event) => {
    if (event.kind === "run-started") bar.write(`${renderHeader(event, paint)}\n\n`);
    else if (event.kind !== "rejected" && event.kind !== "run-ended") troubles(event);
  };
  return {
    observers: [lines, bar],
    end(summary) {
      const about = {
        color: wantsColor(stdout, env),
        width: columnsOf(stdout, stderr),
        ...(options.dryRun === null ? { rejectsAt: rejectsAt(options) } : { dryRun: true }),
        resumes: !options.limited && resumes(options.job),
        endless: isEndless(options.job.source),
      };
      stdout.write(`${renderSummary(summary, about)}\n`);
    },
    tell: (line) => bar.write(`${line}\n`),
    [Symbol.dispose]: () => bar[Symbol.dispose](),
  };
}

/** Where people find the rejects. */
function rejectsAt({ job }: RunReporterOptions): string {
  if (job.rejects?.type === "kafka") return `topic ${job.rejects.topic}`;
  if (job.rejects?.type === "http") return new URL(job.rejects.url).host;
  return `millrace rejects list ${job.file === undefined ? job.name : shortPath(job.file)}`;
}

/** Relative where the file lies below the working directory. */
function shortPath(absolute: string): string {
  const relative = path.relative("", absolute);
  return relative.startsWith("..") ? absolute : relative;
}

/** A run into files starts over until files can be continued. */
function resumes({ sinks }: Job): boolean {
  return Object.values(sinks).every(({ type }) => type !== "file");
}
