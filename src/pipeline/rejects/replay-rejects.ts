/** Runs a job's rejects again: a run like any other, whose source is their bytes. */
import { retrying } from "../../actors/outage.ts";
import type { Job } from "../../config/job.ts";
import type { RunSummary } from "../../core/summary.ts";
import { ProcessMeter } from "../../observability/process-meter.ts";
import { ObjectsInCommon } from "../../runtime/shared-objects.ts";
import { openSession } from "../job-session.ts";
import { processWorld } from "../process-world.ts";
import type { Plan } from "../describe.ts";
import { assertModuleExists, type ResolveContext, resolveSinks, resolveSource } from "../resolve.ts";
import type { RunJobOptions } from "../run-options.ts";
import { fieldNames } from "./field-names.ts";
import { fileOfRejects, placesOf } from "./reject-places.ts";
import type { RejectWish } from "./reject-wish.ts";
import { replayBound } from "./replay-bound.ts";

/** How a replay may be asked for. */
export interface ReplayOptions
  extends RejectWish,
    Omit<RunJobOptions, "restart" | "keepWritten" | "resume" | "acceptRejects" | "limit" | "dryRun" | "trigger"> {}

/** No run has such an identity: a replay and a run of the job may work at the same time. */
const LEASE_SCOPE = "@replay";

/**
 * Reads the rejects' bytes through today's columns and transform into the job's sinks. A record that one sink alone
 * refused goes to that sink alone. What goes through is no reject any more; what is refused again stays, with one more
 * attempt. A replay that never ended goes on first, whatever is wished for.
 *
 * @returns null where there is nothing to try again
 * @throws MillraceError as `runJob`; SOURCE_NOT_FOUND when the fields of rejects are named in a header that is gone; USAGE where
 *   they are in a topic
 */
export async function replayRejects(given: Job, options: ReplayOptions = {}): Promise<RunSummary | null> {
  await using opened = new AsyncDisposableStack();
  const session = await openSession(given, options, () => LEASE_SCOPE, opened);
  const { state, clock, random, recorder, observers, patience, stops } = session;
  fileOfRejects(session.plan);
  await assertModuleExists(session.plan);
  const objects = options.shared?.objects ?? opened.use(new ObjectsInCommon());
  const context = { clock, signal: stops.graceful, objects, emit: patience.emit };
  const plan = await retrying(() => withDecode(session.plan, context), patience, stops.graceful);
  const sinks = await retrying(() => resolveSinks(plan, context, opened), patience, stops.graceful);
  const { scope: _shared, ...identity } = session.identity;
  const world = processWorld(plan.job, { clock, random, state }, options);
  using meter = new ProcessMeter();
  return await replayBound({
    plan,
    sinks,
    places: placesOf(plan, sinks, state),
    identity,
    wish: options,
    fieldsOf: (splits) => fieldNames(plan, splits, context),
    world,
    stops,
    recorder,
    observers,
    figures: () => meter.figures(),
  });
}

/** The types of a table's columns are known only once it was looked at. */
async function withDecode(plan: Plan, context: ResolveContext): Promise<Plan> {
  if (plan.job.source.type !== "postgres") return plan;
  await using source = await resolveSource(plan, context);
  return source.decode === undefined ? plan : { ...plan, decode: source.decode };
}
