/** `millrace check`: what is wrong with jobs, and what they promise, before anything runs. */
import type { Job } from "../../config/job.ts";
import { systemClock } from "../../core/clock.ts";
import { type CheckedCodec, checkFiles } from "../check/checked.ts";
import { checksJson, checksText } from "../check/render.ts";
import { EXIT, exitCodeOfError } from "../exit-codes.ts";
import { errorText } from "../report-error.ts";
import { openValues, type ValueFlags } from "../run-values.ts";
import { type CliProcess, painterFor } from "../terminal.ts";

/** The command's options, as the command line gives them. */
export interface CheckFlags extends ValueFlags {
  readonly connect?: boolean;
  readonly showCodec?: boolean;
  readonly json?: boolean;
}

/**
 * Checks every file, and every job of a runtime file; a mistake in one does not hide those in the others.
 *
 * @returns the exit code: 2 when a config is wrong, 1 when only a connection failed
 */
export async function checkCommand(files: readonly string[], flags: CheckFlags, process: CliProcess): Promise<number> {
  const values = openValues(flags, process.env);
  const checks = await checkFiles(files, {
    values,
    ...(flags.connect === true && { lookAround }),
    ...(flags.showCodec === true && { showCodec }),
  });
  const now = systemClock.now();
  const text =
    flags.json === true
      ? `${JSON.stringify(checksJson(checks, now))}\n`
      : checksText(checks, painterFor(process.stdout, process.env), now);
  const errors = [...checks.runtimes, ...checks.jobs].flatMap((one) => ("error" in one ? [one.error] : []));
  for (const error of errors) process.stderr.write(`${errorText(error)}\n`);
  process.stdout.write(text);
  return Math.max(EXIT.done, ...errors.map((error) => exitCodeOfError(error)));
}

/** Loaded only when asked for: it brings the whole runtime with it. */
async function lookAround(job: Job): Promise<readonly string[]> {
  const { connectJob } = await import("../connect-job.ts");
  return connectJob(job);
}

/** As above; it also loads the jobs' own code. */
async function showCodec(job: Job): Promise<readonly CheckedCodec[]> {
  const codec = await import("../check/codec.ts");
  return codec.showCodec(job);
}
