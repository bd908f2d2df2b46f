/** Runs slots on the desk: what a run comes to is what its slot comes to. */
import type { Job } from "../config/job.ts";
import { onAbort } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import type { RuntimeObserver } from "../core/ports/runtime-events.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import { isSlotUnderWay } from "../pipeline/slot-under-way.ts";
import type { Launcher, SlotOutcome } from "../scheduling/launcher.ts";
import type { ActiveRun, RunEnd } from "./active-run.ts";
import type { RunDesk } from "./run-desk.ts";

/** What {@link SlotLauncher} needs. */
export interface SlotLauncherOptions {
  readonly desk: RunDesk;
  readonly state: StateStore;
  readonly clock: Clock;
  readonly emit: RuntimeObserver;
  /** The job as it holds now. */
  readonly jobNamed: (name: string) => Job | undefined;
}

/** A run of a slot that another process has, or that stops, is gone on with; these say so. */
const TO_BE_GONE_ON_WITH: ReadonlySet<string> = new Set(["LEASE_HELD", "FENCED", "CLOSED", "ABORTED"]);

/** The scheduler's hand on the desk. */
export class SlotLauncher implements Launcher {
  readonly #options: SlotLauncherOptions;

  constructor(options: SlotLauncherOptions) {
    this.#options = options;
  }

  async launch(
    name: string,
    { slot, trigger }: { readonly slot: string; readonly trigger: string },
    superseded: AbortSignal,
  ): Promise<SlotOutcome> {
    const { desk, jobNamed, emit, clock } = this.#options;
    const job = jobNamed(name);
    if (job === undefined) return { state: "cancelled", run: null, reason: "the job was removed" };
    let run: ActiveRun;
    try {
      run = desk.begin(job, { slot, trigger, once: true });
    } catch (thrown) {
      return { state: "due", run: null, reason: MillraceError.from(thrown).message };
    }
    using _superseded = onAbort(superseded, () => run.stop("cancelled", String(superseded.reason)));
    const end = await run.ended;
    const outcome = outcomeOf(run, end);
    if (outcome.state === "failed" && "error" in end) {
      const { code, message } = end.error;
      emit({ kind: "start-failed", at: clock.now(), job: name, code, message });
    }
    return outcome;
  }

  async isUnderWay(name: string, slot: string): Promise<boolean> {
    const { desk, jobNamed, state, clock } = this.#options;
    if (desk.active.some(({ job, slot: other }) => job.name === name && other === slot)) return true;
    const job = jobNamed(name);
    return job !== undefined && (await isSlotUnderWay(state, job, slot, clock));
  }
}

function outcomeOf({ id, stopped }: ActiveRun, end: RunEnd): SlotOutcome {
  const run = id ?? null;
  if ("error" in end) {
    const { code, message } = end.error;
    if (stopped?.kind === "cancelled") return { state: "cancelled", run, reason: stopped.why };
    return { state: TO_BE_GONE_ON_WITH.has(code) ? "due" : "failed", run, reason: message };
  }
  const { summary } = end;
  if (summary === null) return { state: "cancelled", run, reason: "there was nothing to run" };
  if (summary.state === "succeeded") return { state: "succeeded", run: summary.run };
  const reason = summary.error?.message ?? stopped?.why ?? summary.state;
  if (summary.state !== "interrupted" && summary.error?.code !== "FENCED")
    return { state: "failed", run: summary.run, reason };
  return { state: stopped?.kind === "cancelled" ? "cancelled" : "due", run: summary.run, reason };
}
