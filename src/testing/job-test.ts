/**
 * A user's job in memory: its own settings and transform between a source and sinks that a test can look into, the
 * threads' code in this thread, and a clock that the test's own waiting moves.
 */
import { describe, type Plan } from "../pipeline/describe.ts";
import type { Job } from "../config/job.ts";
import { jobForRun } from "../config/read-job.ts";
import { systemClock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import type { RunEvent } from "../core/ports/observer.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import { seededRandom } from "../core/random.ts";
import type { Reject } from "../core/reject.ts";
import type { RunSummary } from "../core/summary.ts";
import { formatByName } from "../formats/catalog.ts";
import { SummaryRecorder } from "../observability/summary-recorder.ts";
import { faultyPlan } from "../pipeline/faulty-plan.ts";
import type { BoundPlan } from "../pipeline/resolve.ts";
import { runBound } from "../pipeline/run-bound.ts";
import { BufferPool } from "../runtime/buffer-pool.ts";
import { MemoryBudget } from "../runtime/memory-budget.ts";
import { openMemoryStore } from "../state/memory.ts";
import { FakeClock } from "./fake-clock.ts";
import type { Faults } from "./faults.ts";
import { HereThreads } from "./here-threads.ts";
import { inputOf, type JobInput } from "./job-input.ts";
import { MemorySink } from "./memory-sink.ts";
import type { MemorySource } from "./memory-source.ts";

/** What a {@link JobTest} may be told. */
export interface JobTestOptions {
  /** Values for `${param.NAME}`. */
  readonly params?: { readonly [name: string]: string };
  /** The nominal time for `${slot.date}` and `${slot.time}`. */
  readonly slot?: string;
  /** Records of a chunk; the job's own setting when absent. One commit a chunk then. */
  readonly chunkRecords?: number;
  /** The time at which it begins, milliseconds since 1970. */
  readonly now?: number;
}

const MEBIBYTE = 1024 * 1024;
/** Time passes in steps, and between two everything happens that is decided already. */
const STEP_MS = 50;
/** A run that takes longer, on its own clock, waits for something that does not come. */
const LONGEST_MS = 7 * 24 * 60 * 60 * 1000;
const NO_FIGURES = { peakRssBytes: 0, gc: { count: 0, totalMs: 0, maxMs: 0 }, eventLoopP99Ms: 0 };

/**
 * A job with its world: what one run leaves (state, rows, rejects) the next one finds.
 *
 * @example
 * const test = new JobTest(job, [{ id: 1 }, { id: 2 }]);
 * await test.run(new Faults([{ at: "sink.commit", does: "kill-after" }]));
 * await test.run(); // goes on where the first one was killed
 * test.sink.records;
 */
export class JobTest {
  readonly source: MemorySource;
  /** The job's sinks by name. */
  readonly sinks: ReadonlyMap<string, MemorySink>;
  readonly clock: FakeClock;
  /** Everything that was told, of all runs. */
  readonly events: RunEvent[] = [];
  readonly #options: JobTestOptions;
  readonly #plan: Plan;
  readonly #state: StateStore = openMemoryStore();
  readonly #random = seededRandom(1);
  readonly #buffers = new BufferPool({ maxIdleBytes: MEBIBYTE });
  readonly #budget = new MemoryBudget({ limitBytes: 64 * MEBIBYTE });
  readonly #threads = new HereThreads(systemClock);

  /** @throws MillraceError VARIABLE_UNSET when the job asks for a parameter or slot that is not given */
  constructor(job: Job, input: JobInput, options: JobTestOptions = {}) {
    const { params = {}, slot = null, chunkRecords, now = 0 } = options;
    const given = jobForRun(job, { params, slot, environment: process.env });
    const plan = describe(chunkRecords === undefined ? given : inChunksOf(given, chunkRecords));
    const { source, decode } = inputOf(input, plan.decode, "incremental" in given.source && given.source.incremental);
    this.source = source;
    this.sinks = new Map(plan.sinks.map(({ name }) => [name, new MemorySink()]));
    this.clock = new FakeClock(now);
    this.#options = options;
    this.#plan = { ...plan, decode };
  }

  /** The only sink, or the first one. */
  get sink(): MemorySink {
    const [first] = this.sinks.values();
    if (first === undefined) throw new MillraceError("INVARIANT", "a job without sinks");
    return first;
  }

  /** All rejects, wherever they are kept, by split and ordinal. */
  async rejects(): Promise<readonly Reject[]> {
    const withData = (await Promise.all(Array.from(this.sinks.values(), (sink) => sink.rejects()))).flat();
    const stored = await this.#state.listRejects({ job: this.#plan.job.name, limit: Number.MAX_SAFE_INTEGER });
    const apart = stored.map(({ id: _id, takenBy: _takenBy, ...reject }) => reject);
    return [...withData, ...apart].toSorted(
      (a, b) => a.split.localeCompare(b.split) || Number(a.position.ordinal - b.position.ordinal),
    );
  }

  /**
   * Runs the job to its end, as `runJob` does: an unfinished run goes on.
   *
   * @throws MillraceError as `runJob` does; INVARIANT when the run waits for something that never comes
   */
  async run(faults?: Faults): Promise<RunSummary> {
    const bound = await this.#bind();
    const { job } = this.#plan;
    const never = new AbortController().signal;
    const recorder = new SummaryRecorder();
    const running = runBound({
      bound: faults === undefined ? bound : faultyPlan(bound, faults),
      identity: {
        job: job.name,
        slot: this.#options.slot ?? null,
        params: this.#options.params ?? {},
        ...(this.source.incremental && { scope: "" }),
      },
      wish: { restart: false, keepWritten: false, resume: null, acceptRejects: false, trigger: "manual" },
      world: {
        clock: this.clock,
        random: this.#random,
        state: this.#state,
        budget: this.#budget,
        buffers: this.#buffers,
        threads: 1,
        startThreads: (spec) => this.#threads.start(spec),
      },
      stops: { graceful: never, kill: faults?.killed ?? never, confirm: async () => {} },
      recorder,
      observers: [recorder.observe, (event) => void this.events.push(event)],
      figures: () => NO_FIGURES,
    });
    return this.#passTime(running);
  }

  async #bind(): Promise<BoundPlan> {
    const plan = this.#plan;
    const about = { baseDir: plan.job.baseDir, clock: this.clock };
    const sinks = [...this.sinks].map(
      async ([name, { module }]) => [name, await module.resolve({}, { ...about, name })] as const,
    );
    return {
      plan,
      source: await this.source.module.resolve(
        {},
        { ...about, format: formatByName(plan.decode.format), decode: plan.decode },
      ),
      sinks: new Map(await Promise.all(sinks)),
      openRejects: async () => null,
      [Symbol.asyncDispose]: async () => {},
    };
  }

  /** Time stands still while a transform works: it may wait for something real. */
  async #passTime<T>(running: Promise<T>): Promise<T> {
    let isOver = false;
    const ended = running.finally(() => {
      isOver = true;
    });
    ended.catch(() => {});
    const begun = this.clock.monotonic();
    while (!isOver) {
      await this.#threads.idle();
      await this.clock.advance(STEP_MS);
      if (this.clock.monotonic() - begun > LONGEST_MS) {
        throw new MillraceError(
          "INVARIANT",
          `${this.#plan.job.name} does not end: it waits for something that never comes`,
        );
      }
    }
    return ended;
  }
}

/** A commit for each chunk, so that a few records have many borders. */
function inChunksOf(job: Job, records: number): Job {
  return { ...job, chunk: { kind: "records", records }, commit: { ...job.commit, bytes: 1 } };
}
