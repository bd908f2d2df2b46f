/** Runs slots one after the other, oldest first. */
import type { Job } from "../../config/job.ts";
import { placeError } from "../../config/place-error.ts";
import { MillraceError } from "../../core/errors.ts";
import type { StateStore } from "../../core/ports/state-store.ts";
import { redact } from "../../core/redact.ts";
import { runJob } from "../../pipeline/run-job.ts";
import { EXIT, exitCodeOfError, exitCodeOfState } from "../exit-codes.ts";
import { reportError } from "../report-error.ts";
import { runReporter } from "../run-reporter.ts";
import { listenForSignals, type Signals } from "../signals.ts";
import type { CliProcess } from "../terminal.ts";
import { errorOf, type SlotResult } from "./slot-result.ts";

/** What is run. */
export interface Backfill {
  readonly job: Job;
  readonly params: { readonly [name: string]: string };
  readonly slots: readonly string[];
  /** Those that need not be run. */
  readonly done: ReadonlySet<string>;
  readonly store: StateStore;
  readonly quiet: boolean;
  /** Goes on after a slot that failed. */
  readonly keepGoing: boolean;
}

/** What came of it. */
export interface BackfillEnd {
  /** That of the first slot that did not succeed. */
  readonly exitCode: number;
  readonly results: readonly SlotResult[];
}

/** A slot, and the exit code that it alone would have. */
interface Ended {
  readonly exitCode: number;
  readonly result: SlotResult;
}

/** Runs what is not done; ends at the first failure unless it is to keep going, and at a signal. */
export async function runSlots(backfill: Backfill, process: CliProcess): Promise<BackfillEnd> {
  using signals = listenForSignals(process, (line) => void process.stderr.write(`${line}\n`));
  const results: SlotResult[] = [];
  let exitCode: number = EXIT.done;
  for (const slot of backfill.slots) {
    if (backfill.done.has(slot)) results.push({ slot, state: "done" });
    else if (signals.graceful.aborted || (exitCode !== EXIT.done && !backfill.keepGoing)) {
      results.push({ slot, state: "open" });
    } else {
      const ended = await runSlot(backfill, slot, signals, process);
      results.push(ended.result);
      if (exitCode === EXIT.done) exitCode = ended.exitCode;
    }
  }
  // A signal that came between two runs stopped it all the same.
  const stoppedBy = results.some(({ state }) => state === "open") ? signals.received : undefined;
  return { exitCode: exitCode === EXIT.done && stoppedBy !== undefined ? EXIT[stoppedBy] : exitCode, results };
}

async function runSlot(
  { job, params, store, quiet }: Backfill,
  slot: string,
  signals: Signals,
  process: CliProcess,
): Promise<Ended> {
  using reporter = await runReporter({ job, json: false, quiet, limited: false, dryRun: null }, process);
  const { observers } = reporter;
  const { graceful: signal, kill } = signals;
  try {
    const asked = { params, slot, trigger: "backfill", once: true, wait: true } as const;
    const summary = await runJob(job, { ...asked, state: store, signal, kill, observers });
    const result: SlotResult = { slot, state: summary.state, summary };
    const error = errorOf(result);
    reporter[Symbol.dispose]();
    if (error !== null) process.stderr.write(`error: slot ${slot}: ${redact(error.message)} (${error.code})\n`);
    return { exitCode: exitCodeOfState(summary.state, signals.received), result };
  } catch (thrown) {
    reporter[Symbol.dispose]();
    process.stderr.write(`slot ${slot}: `);
    reportError(placeError(thrown, job), process);
    const { code, message } = MillraceError.from(thrown);
    const result: SlotResult = { slot, state: "failed", summary: null, error: { code, message } };
    return { exitCode: exitCodeOfError(thrown, signals.received), result };
  }
}
