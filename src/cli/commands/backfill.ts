/** `millrace backfill`: one run a slot of a range of a job's timetable. */
import { isEndless, type Job } from "../../config/job.ts";
import { loadJob } from "../../config/load.ts";
import { systemClock } from "../../core/clock.ts";
import { openStateStore, parseStateUrl } from "../../state/open.ts";
import { backfillRemarks } from "../backfill/remarks.ts";
import { renderBackfill, slotToJson } from "../backfill/render.ts";
import { type BackfillEnd, runSlots } from "../backfill/run-slots.ts";
import type { SlotResult } from "../backfill/slot-result.ts";
import { type RangeFlags, type SlotRange, slotRange } from "../backfill/slots.ts";
import { succeededSlots } from "../backfill/succeeded-slots.ts";
import { EXIT } from "../exit-codes.ts";
import { openIfPresent } from "../named-job.ts";
import { parseParams } from "../options.ts";
import { type ReportFlags, teller } from "../reported-run.ts";
import type { ValueFlags } from "../run-values.ts";
import { type StateFlags, stateOf } from "../state-place.ts";
import { type CliProcess, tableWidth } from "../terminal.ts";
import { prepareThreadMemory } from "../thread-memory.ts";
import { usageError } from "../usage-error.ts";

/** The command's options, as the command line gives them. */
export interface BackfillFlags extends RangeFlags, Pick<ValueFlags, "param">, StateFlags, ReportFlags {
  readonly dryRun?: boolean;
  readonly keepGoing?: boolean;
}

/**
 * Runs a job for every slot of a range that has not succeeded yet, oldest first.
 *
 * @returns the exit code: that of the first slot that did not succeed
 * @throws MillraceError for what is wrong with the command line or the job, before anything runs
 */
export async function backfillCommand(file: string, flags: BackfillFlags, process: CliProcess): Promise<number> {
  const params = parseParams(flags.param ?? []);
  // Each run fills its own slot in.
  const job = await loadJob(file, { params, slot: undefined, environment: process.env });
  const range = slotRange(job, flags);
  assertEnds(job);
  const tell = teller(flags, process);
  if (range.slots.length === 0) tell(`${job.name} has no slot from ${flags.from} to ${flags.to}`);
  for (const remark of range.slots.length > 1 ? backfillRemarks(job) : []) tell(`warning: ${remark}`);
  const state = stateOf(job, flags, process.env);
  const { exitCode, results } =
    flags.dryRun === true
      ? { exitCode: EXIT.done, results: await previewed(job, params, range, state) }
      : await run(job, params, range, state, flags, process);
  tellResults(job, range, results, flags, process);
  return exitCode;
}

async function run(
  job: Job,
  params: { readonly [name: string]: string },
  { slots }: SlotRange,
  state: string,
  { quiet = false, keepGoing = false }: BackfillFlags,
  process: CliProcess,
): Promise<BackfillEnd> {
  if (slots.length === 0) return { exitCode: EXIT.done, results: [] };
  prepareThreadMemory(job);
  await using store = await openStateStore(parseStateUrl(state, globalThis.process.cwd()), { clock: systemClock });
  const done = await succeededSlots(store, job.name, params);
  return await runSlots({ job, params, slots, done, store, quiet, keepGoing }, process);
}

/** What would be run; a state store that is not there is not made. */
async function previewed(
  { name }: Job,
  params: { readonly [name: string]: string },
  { slots }: SlotRange,
  state: string,
): Promise<readonly SlotResult[]> {
  await using store = await openIfPresent(state);
  const done = store === undefined ? new Set() : await succeededSlots(store, name, params);
  return slots.map((slot) => ({ slot, state: done.has(slot) ? "done" : "open" }));
}

function assertEnds({ name, source }: Job): void {
  if (!isEndless(source)) return;
  throw usageError(
    `backfill: a run of ${name} never ends by itself, so its first slot would be its last; set until: end in its source`,
  );
}

function tellResults(
  { name: job }: Job,
  { from, to }: SlotRange,
  results: readonly SlotResult[],
  { json = false, quiet = false }: BackfillFlags,
  { stdout }: CliProcess,
): void {
  if (json) {
    const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
    stdout.write(`${JSON.stringify({ job, ...range, slots: results.map(slotToJson) })}\n`);
  } else if (!quiet && results.length > 0) stdout.write(`${renderBackfill(results, tableWidth(stdout))}\n`);
}
