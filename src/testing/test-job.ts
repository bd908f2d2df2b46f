/** One run of a job in memory. */
import type { Job } from "../config/job.ts";
import type { RunEvent } from "../core/ports/observer.ts";
import type { Reject } from "../core/reject.ts";
import type { RunSummary } from "../core/summary.ts";
import { type Fault, Faults, type FaultsOptions } from "./faults.ts";
import type { JobInput } from "./job-input.ts";
import { JobTest, type JobTestOptions } from "./job-test.ts";

/** What {@link testJob} may be told. */
export interface TestJobOptions extends JobTestOptions, FaultsOptions {
  readonly faults?: readonly Fault[];
}

/** What came of a run. */
export interface TestedJob {
  readonly summary: RunSummary;
  /** The committed records by sink. */
  readonly outputs: { readonly [sink: string]: readonly unknown[] };
  readonly rejects: readonly Reject[];
  readonly events: readonly RunEvent[];
}

/**
 * Runs a job once over the given input: its own decoding, transform, routing, limits and retries; in memory, and on a
 * clock of its own, so that retries and outages take no time. The job's source and sinks are not touched.
 *
 * @throws MillraceError as `runJob` does; a run that fails is a summary whose `state` says so
 * @example
 * const { outputs, rejects } = await testJob(job, [{ id: 1, price: "9.90" }]);
 * assert.deepEqual(outputs["sink"], [{ id: 1, price: "9.90" }]);
 */
export async function testJob(job: Job, input: JobInput, options: TestJobOptions = {}): Promise<TestedJob> {
  const { faults = [], refuse, ...rest } = options;
  const test = new JobTest(job, input, rest);
  const summary = await test.run(new Faults(faults, refuse === undefined ? {} : { refuse }));
  const outputs = Object.fromEntries(Array.from(test.sinks, ([name, { records }]) => [name, records]));
  return { summary, outputs, rejects: await test.rejects(), events: test.events };
}
