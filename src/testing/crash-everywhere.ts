/** Kills a job at every step that it takes, lets it go on, and holds what came out against a run that nobody disturbed. */
import { deepEqual, equal } from "node:assert/strict";
import type { Job } from "../config/job.ts";
import { rejectToJson } from "../core/reject.ts";
import { Faults, type FaultsOptions, type TakenStep } from "./faults.ts";
import type { JobInput } from "./job-input.ts";
import { JobTest, type JobTestOptions } from "./job-test.ts";

/** What {@link crashEverywhere} may be told. */
export interface CrashOptions extends JobTestOptions, FaultsOptions {
  /** So many kills at most, evenly spread over the steps; all when absent. */
  readonly kills?: number;
}

/** What was tried. */
export interface CrashReport {
  /** Steps that an undisturbed run takes. */
  readonly steps: number;
  /** Runs that were killed, and gone on with. */
  readonly kills: number;
}

/** What a run leaves, in an order that does not depend on the course it took. */
interface Trace {
  readonly state: string;
  readonly balanced: boolean;
  readonly sinks: { readonly [sink: string]: readonly string[] };
  readonly rejects: readonly string[];
}

/** So few records make a few commits of little input. */
const CHUNK_RECORDS = 3;

/**
 * Proves that a job's records take effect once whatever happens: one run for every step and both sides of it, each killed
 * there and then run again to its end.
 *
 * @throws AssertionError that names the step, with what is lost or doubled
 * @example
 * const { kills } = await crashEverywhere(job, records);
 */
export async function crashEverywhere(job: Job, input: JobInput, options: CrashOptions = {}): Promise<CrashReport> {
  const { kills = Number.POSITIVE_INFINITY, refuse, ...rest } = options;
  const about = { chunkRecords: CHUNK_RECORDS, ...rest };
  const refusing = refuse === undefined ? {} : { refuse };
  const clean = new JobTest(job, input, about);
  const counting = new Faults([], refusing);
  const { state, error } = await clean.run(counting);
  equal(state, "succeeded", `an undisturbed run has to succeed: ${error?.message ?? ""}`);
  const expected = await traceOf(clean, state, true);
  const steps = [...counting.taken];
  const moments = steps.flatMap((_, index) => [
    { nth: index + 1, does: "kill-before" as const },
    { nth: index + 1, does: "kill-after" as const },
  ]);
  const chosen = evenly(moments, kills);
  for (const { nth, does } of chosen) {
    const test = new JobTest(job, input, about);
    const killed = await test.run(new Faults([{ nth, does }], refusing));
    // Commits are cut by time too, so that a run may take a step less than the one that was counted.
    const last = killed.state === "succeeded" ? killed : await test.run(new Faults([], refusing));
    const actual = await traceOf(test, last.state, last.balanced);
    deepEqual(actual, expected, `${does} step ${nth} (${nameOf(steps[nth - 1])}): not what an undisturbed run leaves`);
  }
  return { steps: steps.length, kills: chosen.length };
}

async function traceOf(test: JobTest, state: string, balanced: boolean): Promise<Trace> {
  const sinks = Array.from(test.sinks, ([name, { lines }]) => [name, lines.toSorted()] as const);
  const rejects = await test.rejects();
  return {
    state,
    balanced,
    sinks: Object.fromEntries(sinks),
    rejects: rejects.map((reject) => rejectToJson({ ...reject, run: "", scope: "", at: "", attempts: 1 })).toSorted(),
  };
}

function nameOf(step: TakenStep | undefined): string {
  if (step === undefined) return "";
  return step.sink === undefined ? step.at : `${step.at} of ${step.sink}`;
}

function evenly<T>(all: readonly T[], most: number): readonly T[] {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, index) => all[Math.floor((index * all.length) / most)] as T);
}
