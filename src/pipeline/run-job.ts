/** `runJob`: one run of a job from its definition to its summary. */
import { retrying } from "../actors/outage.ts";
import type { Job } from "../config/job.ts";
import { MillraceError } from "../core/errors.ts";
import type { RunSummary } from "../core/summary.ts";
import { ProcessMeter } from "../observability/process-meter.ts";
import type { Plan } from "./describe.ts";
import { dryPlan } from "./dry-run.ts";
import { faultyPlan } from "./faulty-plan.ts";
import { openSession } from "./job-session.ts";
import { limitPlan } from "./limit-source.ts";
import { consumesAlone } from "./lone-consumer.ts";
import { processWorld } from "./process-world.ts";
import { type BoundPlan, resolve, type ResolveContext } from "./resolve.ts";
import { runBound } from "./run-bound.ts";
import { type Identity, identityKey, type StartWish, summaryOfSuccess } from "./run-identity.ts";
import type { RunJobOptions } from "./run-options.ts";
import { openSpool } from "./spool.ts";
import { ObjectsInCommon } from "../runtime/shared-objects.ts";

/**
 * Runs a job once: goes on with the newest unfinished run of the same slot and parameters, else begins a new one.
 *
 * A run that failed is a summary whose `state` says so, with `error`. Thrown is only what keeps a run from beginning.
 *
 * @throws MillraceError of fault class `usage` when the job or the options have to be changed; LEASE_HELD when another
 *   process runs it and is not waited for; SINK_UNAVAILABLE and the like when it could not begin
 * @example
 * const result = await runJob(defineJob({ name: "orders", source: { type: "file", path: "orders.csv" }, sink: { type: "file", path: "orders.jsonl" } }));
 * console.log(result.read, result.balanced);
 */
export async function runJob(given: Job, options: RunJobOptions = {}): Promise<RunSummary> {
  await using opened = new AsyncDisposableStack();
  const leaseOf = (identity: Identity): string => (consumesAlone(given) ? "" : identityKey(identity));
  const session = await openSession(given, options, leaseOf, opened);
  const { plan, identity, state, clock, random, recorder, observers, patience, stops } = session;
  const done = options.once === true ? await summaryOfSuccess(state, identity) : null;
  if (done !== null) return done;
  const spool = openSpool({ state, job: identity.job, clock, emit: patience.emit });
  const objects = options.shared?.objects ?? opened.use(new ObjectsInCommon());
  const around = { clock, signal: stops.graceful, spool, objects, emit: patience.emit };
  const binding = (): Promise<BoundPlan> => bindPlan(plan, around, options);
  const bound = opened.use(await retrying(binding, patience, stops.graceful));
  using meter = new ProcessMeter();
  return await runBound({
    bound,
    identity,
    wish: wishOf(options),
    world: processWorld(plan.job, { clock, random, state }, options),
    stops,
    recorder,
    observers,
    figures: () => meter.figures(),
  });
}

/** The plan bound to the world, or to as much of it as the caller wants. */
async function bindPlan(
  plan: Plan,
  context: Omit<Required<ResolveContext>, "routes">,
  { limit, dryRun, faults, routes }: RunJobOptions,
): Promise<BoundPlan> {
  await using opened = new AsyncDisposableStack();
  let bound = opened.use(await resolve(plan, { ...context, ...(routes && { routes }) }));
  if (limit !== undefined) assertOwn(bound, "--limit");
  if (dryRun !== undefined) assertOwn(bound, "--dry-run");
  if (faults !== undefined) bound = faultyPlan(bound, faults);
  if (limit !== undefined) bound = await limitPlan(bound, limit, context.signal);
  opened.move();
  return dryRun === undefined ? bound : dryPlan(bound, dryRun);
}

/** A trial must not take anything away from the processes that do the work. */
function assertOwn({ source }: BoundPlan, flag: string): void {
  if (source.shares === undefined) return;
  throw new MillraceError(
    "NOT_BUILT",
    `${flag}: ${source.label} is shared out among the processes that read it, and a trial would take its share from them; ` +
      "try the transform on records of your own with `millrace test`",
  );
}

function wishOf({ restart, keepWritten, resume, acceptRejects, trigger, limit }: RunJobOptions): StartWish {
  return {
    ...(limit === undefined ? {} : { limit }),
    restart: restart ?? false,
    keepWritten: keepWritten ?? false,
    resume: resume ?? null,
    acceptRejects: acceptRejects ?? false,
    trigger: trigger ?? "manual",
  };
}
