/** Tells the story of a run: a bar and a summary on a terminal, JSON lines elsewhere, nothing when quiet. */
import path from "node:path";
import type { Job } from "../config/job.ts";
import { systemClock } from "../core/clock.ts";
import type { Observer } from "../core/ports/observer.ts";
import type { RunSummary } from "../core/summary.ts";
import { redact } from "../observability/redact.ts";
import { type CliProcess, wantsColor } from "./terminal.ts";

/** What a reporter needs to know. */
export interface RunReporterOptions {
  readonly job: Job;
  /** Where runs, and rejects without a place of their own, are kept. */
  readonly state: string;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Observes a run and tells its end. Disposing it frees the terminal's line. */
export interface RunReporter extends Disposable {
  readonly observers: readonly Observer[];
  end(summary: RunSummary): void;
}

/** The reporter for this terminal and these options. */
export async function runReporter(options: RunReporterOptions, process: CliProcess): Promise<RunReporter> {
  const story = await storyOf(options, process);
  return {
    observers: story.observers,
    end(summary) {
      story[Symbol.dispose]();
      if (options.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
      else if (!options.quiet) story.end(summary);
      if (options.quiet && summary.error !== null) {
        process.stderr.write(`error: ${redact(summary.error.message)} (${summary.error.code})\n`);
      }
    },
    [Symbol.dispose]: () => story[Symbol.dispose](),
  };
}

async function storyOf(options: RunReporterOptions, process: CliProcess): Promise<RunReporter> {
  if (options.quiet) return { observers: [], end: () => {}, [Symbol.dispose]: () => {} };
  return process.stderr.isTTY === true ? terminalStory(options, process) : logStory(options.job, process);
}

/** The log's last line tells the end. */
async function logStory({ progress }: Job, { stderr }: CliProcess): Promise<RunReporter> {
  const { logger } = await import("../observability/logger.ts");
  const every = progress.kind === "time" ? { everyMs: progress.everyMs } : { everyRecords: progress.records };
  const log = await logger({ stream: stderr, progress: every });
  return { observers: [log], end: () => {}, [Symbol.dispose]: () => {} };
}

async function terminalStory(options: RunReporterOptions, { stdout, stderr, env }: CliProcess): Promise<RunReporter> {
  const { logger } = await import("../observability/logger.ts");
  const { painter } = await import("../observability/palette.ts");
  const { progressBar } = await import("../observability/progress-bar.ts");
  const { renderHeader } = await import("../observability/run-header.ts");
  const { renderSummary } = await import("../observability/summary.ts");
  const color = wantsColor(stderr, env);
  const bar = progressBar(stderr, systemClock, { color });
  const troubles = await logger({ stream: bar, pretty: true, color, level: "warn" });
  // Rejects are in the bar and, by their kinds, in the summary.
  const lines: Observer = (event) => {
    if (event.kind === "run-started") bar.write(`${renderHeader(event, painter(color))}\n\n`);
    else if (event.kind !== "rejected") troubles(event);
  };
  return {
    observers: [lines, bar],
    end(summary) {
      const width = stdout.columns || stderr.columns || DEFAULT_COLUMNS;
      const about = {
        color: wantsColor(stdout, env),
        width,
        rejectsAt: rejectsAt(options),
        resumes: resumes(options.job),
      };
      stdout.write(`${renderSummary(summary, about)}\n`);
    },
    [Symbol.dispose]: () => bar[Symbol.dispose](),
  };
}

const DEFAULT_COLUMNS = 100;

/** Where people find the rejects, as SEMANTICS "Where positions and rejects live" places them. */
function rejectsAt({ job, state }: RunReporterOptions): string {
  const [only, ...others] = Object.values(job.sinks);
  const place = job.rejects ?? (only?.type === "postgres" && others.length === 0 ? only : null);
  if (place?.type === "file") return shortPath(path.resolve(job.baseDir, place.path));
  if (place?.type === "postgres") return `table ${place.stateSchema}.rejects`;
  return path.isAbsolute(state) ? shortPath(state) : state;
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
