/** `millrace rejects`: rejected records: look at them, take them out, run them again after a fix. */
import type { Job } from "../../config/job.ts";
import { loadJob } from "../../config/load.ts";
import { placeError } from "../../config/place-error.ts";
import { MillraceError } from "../../core/errors.ts";
import { type RejectStage, rejectToJson } from "../../core/reject.ts";
import { painter } from "../../observability/palette.ts";
import { JobRejects, type NamedReject } from "../../pipeline/rejects/job-rejects.ts";
import type { RejectWish } from "../../pipeline/rejects/reject-wish.ts";
import { replayRejects } from "../../pipeline/rejects/replay-rejects.ts";
import { EXIT, exitCodeOfError, exitCodeOfState } from "../exit-codes.ts";
import { parseLimit, parseParams, parseSlot } from "../options.ts";
import { exportRejects } from "../rejects/export.ts";
import { type RejectView, renderList, renderReject } from "../rejects/render.ts";
import { reportError } from "../report-error.ts";
import { runReporter } from "../run-reporter.ts";
import { listenForSignals } from "../signals.ts";
import { stateOf } from "../state-place.ts";
import { type CliProcess, columnsOf, wantsColor } from "../terminal.ts";

/** Options that all of the commands have. */
interface RejectFlags {
  readonly run?: string;
  readonly stage?: string;
  readonly code?: string;
  readonly param?: readonly string[];
  readonly slot?: string;
  readonly state?: string;
  readonly json?: boolean;
}

/** Options of `rejects list`. */
export interface ListFlags extends RejectFlags {
  readonly limit?: string;
}

/** Options of `rejects export`. */
export interface ExportFlags extends RejectFlags {
  readonly to?: string;
  readonly format?: string;
}

/** Options of `rejects replay`. */
export interface ReplayFlags extends RejectFlags {
  readonly quiet?: boolean;
}

const SHOWN = 20;
const STAGES: readonly RejectStage[] = ["decode", "validate", "transform", "aggregate", "write"];

/** How many, why, and the first of them. @throws MillraceError */
export async function listCommand(file: string, flags: ListFlags, process: CliProcess): Promise<number> {
  const wish = wishOf(flags);
  const limit = flags.limit === undefined ? SHOWN : parseLimit(flags.limit);
  await using rejects = await open(file, flags, process);
  const overview = await rejects.overview(wish);
  const shown: NamedReject[] = [];
  for await (const reject of rejects.all(wish)) if (shown.push(reject) >= limit) break;
  if (flags.json === true) {
    const { newest, ...figures } = overview;
    const about = { job: rejects.plan.job.name, run: newest?.id ?? flags.run ?? null, place: rejects.label };
    process.stdout.write(`${JSON.stringify({ ...about, ...figures, items: shown.map(toJson) })}\n`);
  } else process.stdout.write(`${renderList(overview, shown, viewOf(file, rejects, process))}\n`);
  return EXIT.done;
}

/** One reject whole. @throws MillraceError USAGE when none or several are meant */
export async function showCommand(
  file: string,
  word: string,
  flags: RejectFlags,
  process: CliProcess,
): Promise<number> {
  await using rejects = await open(file, flags, process);
  const [found, ...others] = await rejects.find(word, wishOf(flags));
  if (found === undefined) {
    throw usage(`${rejects.plan.job.name} has no reject ${word}; millrace rejects list ${file} lists them`);
  }
  if (others.length > 0) {
    const refs = [found, ...others].slice(0, 5).map(({ ref, split }) => `${ref} (${split})`);
    throw usage(`${word} is the ordinal of several rejects: name one by its id: ${refs.join(", ")}`);
  }
  const text =
    flags.json === true ? JSON.stringify(toJson(found)) : renderReject(found, viewOf(file, rejects, process));
  process.stdout.write(`${text}\n`);
  return EXIT.done;
}

/** All of them, in a file or on stdout. @throws MillraceError */
export async function exportCommand(file: string, flags: ExportFlags, process: CliProcess): Promise<number> {
  const format = flags.format === "raw" ? "raw" : "jsonl";
  await using rejects = await open(file, flags, process);
  const { count } = await exportRejects(rejects, wishOf(flags), { format, to: flags.to, out: process.stdout });
  if (flags.to !== undefined) process.stderr.write(`${count} rejects of ${rejects.plan.job.name} -> ${flags.to}\n`);
  return EXIT.done;
}

/** A run of the rejects. @returns the exit code, as of `millrace run` */
export async function replayCommand(file: string, flags: ReplayFlags, process: CliProcess): Promise<number> {
  const { params, slot, job } = await jobOf(file, flags, process);
  const state = stateOf(job, flags.state ?? process.env["MILLRACE_STATE"]);
  const quiet = flags.quiet === true;
  const tell = (line: string): void => void (quiet || process.stderr.write(`${line}\n`));
  using signals = listenForSignals(process, tell);
  const about = { json: flags.json === true, quiet, limited: false, dryRun: null };
  using reporter = await runReporter({ job, ...about }, process);
  try {
    const summary = await replayRejects(job, {
      ...wishOf(flags),
      ...(slot === undefined ? {} : { slot }),
      params,
      state,
      signal: signals.graceful,
      kill: signals.kill,
      observers: reporter.observers,
    });
    if (summary === null) {
      reporter[Symbol.dispose]();
      if (flags.json === true) process.stdout.write(`${JSON.stringify({ job: job.name, ...NOTHING })}\n`);
      else tell(`${job.name}: no rejects to run again`);
      return EXIT.done;
    }
    reporter.end(summary);
    if (summary.resumed) tell(`This went on with a replay that had not ended; run it again for what is left.`);
    return exitCodeOfState(summary.state, signals.received);
  } catch (thrown) {
    reporter[Symbol.dispose]();
    reportError(placeError(thrown, job), process);
    return exitCodeOfError(thrown, signals.received);
  }
}

/** What a replay of nothing comes to. */
const NOTHING = {
  ...{ run: null, state: "succeeded", read: 0, written: 0, filtered: 0, rejected: 0, folded: 0, emitted: 0 },
  ...{ balanced: true, sinks: {}, error: null },
};

async function open(file: string, flags: RejectFlags, process: CliProcess): Promise<JobRejects> {
  const { job } = await jobOf(file, flags, process);
  const state = stateOf(job, flags.state ?? process.env["MILLRACE_STATE"]);
  try {
    return await JobRejects.open(job, { state });
  } catch (thrown) {
    throw placeError(thrown, job);
  }
}

async function jobOf(
  file: string,
  flags: RejectFlags,
  process: CliProcess,
): Promise<{ readonly job: Job; readonly params: { readonly [name: string]: string }; readonly slot?: string }> {
  const params = parseParams(flags.param ?? []);
  const slot = flags.slot === undefined ? null : parseSlot(flags.slot);
  const job = await loadJob(file, { params, slot, environment: process.env });
  return { job, params, ...(slot === null ? {} : { slot }) };
}

function wishOf({ run, stage, code }: RejectFlags): RejectWish {
  const known = STAGES.find((name) => name === stage);
  if (stage !== undefined && known === undefined) {
    throw usage(`--stage takes ${STAGES.join(", ")}; got ${JSON.stringify(stage)}`);
  }
  return {
    ...(run === undefined ? {} : { run }),
    ...(known === undefined ? {} : { stage: known }),
    ...(code === undefined ? {} : { code }),
  };
}

function viewOf(file: string, { plan, label }: JobRejects, { stdout, env }: CliProcess): RejectView {
  const paint = painter(wantsColor(stdout, env));
  return { job: plan.job.name, file, place: label, width: columnsOf(stdout), paint };
}

/** CONTRACT's object, with the reject's number. */
function toJson({ ref, id: _id, takenBy, ...reject }: NamedReject): object {
  return { id: ref, ...(JSON.parse(rejectToJson(reject)) as object), ...(takenBy === undefined ? {} : { takenBy }) };
}

function usage(message: string): MillraceError {
  return new MillraceError("USAGE", message);
}
