/** Which alerts are firing: a pure engine that is told events and the time, and answers what has changed. */
import type { RunEvent } from "../../core/ports/observer.ts";
import type { RuntimeEvent } from "../../core/ports/runtime-events.ts";
import type { AlertChange, AlertName } from "./alert.ts";
import type { AlertRule } from "./rule.ts";
import { rulesOf, type WatchedJob } from "./rules-of.ts";

/** One rule, and what was last said of it. */
interface Watch {
  readonly job: string;
  readonly alert: AlertName;
  readonly terms: string;
  readonly rule: AlertRule;
  /** null: it is not firing. */
  said: { readonly message: string; readonly since: number } | null;
}

type RunStarted = RunEvent & { readonly kind: "run-started" };

/** All that no rule asks for: most events. */
const OF_NO_INTEREST: ReadonlySet<RuntimeEvent["kind"]> = new Set([
  "split-started",
  "split-ended",
  "chunk-cut",
  "chunk-done",
  "rejected",
  "sampled",
  "alert",
] as const satisfies readonly RuntimeEvent["kind"][]);

/** A replay repeats what has failed, in front of somebody; how it goes says nothing about the job. */
const REPLAY = "replay";

/**
 * The alerts of all jobs. Nothing of it outlives the process: what is wrong is found again, from what happens next and
 * from each job's last success.
 *
 * @example
 * const rules = new AlertRules();
 * rules.watch([{ job: "orders", alerts: { failed: true }, minRecords: 1_000, successAt: now }], now);
 * rules.take(runEnded); // [{ job: "orders", alert: "failed", firing: true, message: "run 01J9ZK failed", ... }]
 */
export class AlertRules {
  #watches = new Map<string, readonly Watch[]>();
  /** The runs that are under way, also of jobs without alerts: a reload may add some. */
  readonly #runs = new Map<string, RunStarted>();

  /**
   * Watches these jobs and no others. A rule whose terms are the same goes on; one that is new knows the runs that are
   * under way. An alert whose rule is gone has ended.
   */
  watch(jobs: readonly WatchedJob[], now: number): AlertChange[] {
    const before = this.#watches;
    this.#watches = new Map(jobs.map((job) => [job.job, this.#watchesOf(job, before.get(job.job) ?? [])]));
    const kept = new Set([...this.#watches.values()].flat());
    const gone = [...before.values()].flat().filter((watch) => !kept.has(watch));
    return [...gone.flatMap((watch) => say(watch, null, now)), ...this.tick(now)];
  }

  /** Takes notice of an event; asks the rules of its job before and after, so that nothing is too short to be seen. */
  take(event: RuntimeEvent): AlertChange[] {
    if (OF_NO_INTEREST.has(event.kind) || !("job" in event) || event.job === null) return [];
    const { job } = event;
    if (event.kind === "run-started") this.#runs.set(runKey(event), event);
    const run = "run" in event && event.run !== null ? this.#runs.get(runKey({ job, run: event.run })) : undefined;
    if (event.kind === "run-ended") this.#runs.delete(runKey(event));
    if (run?.trigger === REPLAY) return [];
    const watches = this.#watches.get(job) ?? [];
    const before = watches.flatMap((watch) => look(watch, event.at));
    for (const { rule } of watches) rule.take({ event: { ...event, job }, endless: run?.endless === true });
    return [...before, ...watches.flatMap((watch) => look(watch, event.at))];
  }

  /** Asks all rules. */
  tick(now: number): AlertChange[] {
    return [...this.#watches.values()].flat().flatMap((watch) => look(watch, now));
  }

  /** What is firing, as it was said. */
  firing(): AlertChange[] {
    const watches = [...this.#watches.values()].flat();
    return watches.flatMap(({ job, alert, said }) =>
      said === null ? [] : [{ job, alert, firing: true, ...said, at: said.since }],
    );
  }

  #watchesOf(job: WatchedJob, before: readonly Watch[]): Watch[] {
    return rulesOf(job).map(({ alert, terms, make }) => {
      const same = before.find((watch) => watch.alert === alert && watch.terms === terms);
      return same ?? { job: job.job, alert, terms, rule: this.#caughtUp(job.job, make()), said: null };
    });
  }

  #caughtUp(job: string, rule: AlertRule): AlertRule {
    for (const event of this.#runs.values())
      if (event.job === job && event.trigger !== REPLAY) rule.take({ event, endless: event.endless === true });
    return rule;
  }
}

function look(watch: Watch, now: number): AlertChange[] {
  return say(watch, watch.rule.look(now, watch.said !== null), now);
}

/** What is news about it. */
function say(watch: Watch, message: string | null, now: number): AlertChange[] {
  const { job, alert, said } = watch;
  watch.said = message === null ? null : { message, since: said?.since ?? now };
  if (message !== null && said === null) return [{ job, alert, firing: true, message, since: now, at: now }];
  if (message === null && said !== null) return [{ job, alert, firing: false, ...said, at: now }];
  return [];
}

function runKey({ job, run }: { readonly job: string; readonly run: string }): string {
  return JSON.stringify([job, run]);
}
