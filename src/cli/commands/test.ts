/** `millrace test`: a job's records from fixtures through its columns and its transform, in a thread as a run has it. */
import path from "node:path";
import { loadJob } from "../../config/load.ts";
import { placeError } from "../../config/place-error.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import type { TaskRunner, TaskSpec } from "../../core/task.ts";
import { formatCounted } from "../../observability/figures.ts";
import { describe, type Plan } from "../../pipeline/describe.ts";
import { fieldByField } from "../../pipeline/field-by-field.ts";
import { RecordTrial, type TrialOutcome } from "../../pipeline/record-trial.ts";
import { startThreads, threadOptions } from "../../pipeline/threads.ts";
import { EXIT } from "../exit-codes.ts";
import { type Fixture, fixturePath, readFixtures } from "../fixtures/fixture-file.ts";
import { asInSource, type FixtureRecord, recordOf } from "../fixtures/fixture-record.ts";
import { verdictOf } from "../fixtures/verdict.ts";
import { givenValues, type ValueFlags } from "../run-values.ts";
import type { CliProcess } from "../terminal.ts";

/**
 * Tries every fixture and tells those that came out otherwise.
 *
 * @returns the exit code: 1 when a record did not become what its fixture says
 * @throws MillraceError for what is wrong with the command line, the job, its module or the fixtures
 */
export async function testCommand(file: string, flags: ValueFlags, process: CliProcess): Promise<number> {
  const job = await loadJob(file, givenValues(flags, process.env));
  const label = fixturePath(file);
  const fixtures = await readFixtures(path.resolve(label), label);
  let failed = 0;
  try {
    await using trials = new Trials(describe(job), systemClock);
    for (const fixture of fixtures) {
      const place = `${label}:${fixture.line}`;
      const faults = verdictOf(fixture, await trials.try(fixture, place));
      if (faults.length > 0) failed++;
      process.stdout.write(reportOf(fixture, place, faults));
    }
  } catch (thrown) {
    throw placeError(thrown, job);
  }
  process.stdout.write(`${summaryOf(fixtures.length, failed)}\n`);
  return failed === 0 ? EXIT.done : EXIT.failed;
}

/** The threads that records are tried in: one for each way in which fixtures write them. */
class Trials implements AsyncDisposable {
  readonly #plan: Plan;
  readonly #clock: Clock;
  readonly #opened = new AsyncDisposableStack();
  readonly #byWriting = new Map<FixtureRecord["written"], RecordTrial>();

  constructor(plan: Plan, clock: Clock) {
    this.#plan = plan;
    this.#clock = clock;
  }

  async try({ input }: Fixture, place: string): Promise<TrialOutcome> {
    const record = await recordOf(input, this.#plan, this.#clock, place);
    return await this.#trialOf(record.written).try(record);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }

  #start(spec: TaskSpec): TaskRunner {
    return startThreads(spec, threadOptions(this.#plan.job.transform, 1, this.#clock));
  }

  #trialOf(written: FixtureRecord["written"]): RecordTrial {
    const known = this.#byWriting.get(written);
    if (known !== undefined) return known;
    const decode = written === "field by field" ? fieldByField(this.#plan.decode) : asInSource(this.#plan);
    const trial = this.#opened.use(new RecordTrial(this.#plan, decode, (spec) => this.#start(spec)));
    this.#byWriting.set(written, trial);
    return trial;
  }
}

function reportOf({ name }: Fixture, place: string, faults: readonly string[]): string {
  if (faults.length === 0) return "";
  return `${place}${name === null ? "" : `: ${name}`}\n${faults.map((fault) => `  ${fault}\n`).join("")}`;
}

function summaryOf(total: number, failed: number): string {
  const fixtures = formatCounted(total, "fixture");
  return failed === 0 ? `${fixtures} passed` : `${fixtures}: ${total - failed} passed, ${failed} failed`;
}
