/** The second step: the plan meets the world. Files are listed, headers read, the catalogue asked; nothing is written. */
import { access } from "node:fs/promises";
import path from "node:path";
import { codecByName } from "../compression/catalog.ts";
import { loadSink, loadSource } from "../connectors/catalog.ts";
import type { Clock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import type { Emit } from "../actors/messages.ts";
import type { HttpRoutes } from "../core/ports/http-routes.ts";
import type { HeldUp, SharedObjects } from "../core/ports/shared-objects.ts";
import type { BoundSink } from "../core/ports/sink.ts";
import type { BoundSource } from "../core/ports/source.ts";
import type { Spool } from "../core/ports/spool.ts";
import type { Columns } from "../core/record.ts";
import { formatByName } from "../formats/catalog.ts";
import type { Plan } from "./describe.ts";
import { type OpenRejects, resolveRejects } from "./resolve-rejects.ts";

/** A plan with everything it found out there; dispose it to let go. */
export interface BoundPlan extends AsyncDisposable {
  readonly plan: Plan;
  readonly source: BoundSource;
  readonly sinks: ReadonlyMap<string, BoundSink>;
  /** Opens the place that the job names for its rejects. */
  readonly openRejects: OpenRejects;
}

/** What resolving needs. */
export interface ResolveContext {
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** What was sent to the job; absent where nothing is run. */
  readonly spool?: Spool;
  /** Where the job may offer addresses. */
  readonly routes?: HttpRoutes;
  /** What the runs of the process share; absent: nothing. */
  readonly objects?: SharedObjects;
  /** Told what holds things up; nobody when absent. */
  readonly emit?: Emit;
}

/**
 * Binds a plan to its source and sinks.
 *
 * @throws MillraceError SOURCE_NOT_FOUND, HEADER_INVALID, COLUMN_UNKNOWN, TABLE_UNKNOWN, SINK_REFUSED, SINK_UNAVAILABLE,
 *   TRANSFORM_UNLOADABLE when the module does not exist
 */
export async function resolve(plan: Plan, context: ResolveContext): Promise<BoundPlan> {
  await using opened = new AsyncDisposableStack();
  await assertModuleExists(plan);
  const source = opened.use(await resolveSource(plan, context));
  const sinks = await resolveSinks(plan, context, opened);
  const openRejects = await resolveRejects(plan, context.clock);
  const kept = opened.move();
  return {
    plan: source.decode === undefined ? plan : { ...plan, decode: source.decode },
    source,
    sinks,
    openRejects,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Binds the source alone. @throws MillraceError SOURCE_NOT_FOUND, HEADER_INVALID, COLUMN_UNKNOWN */
export async function resolveSource({ job, decode }: Plan, context: ResolveContext): Promise<BoundSource> {
  const connector = await loadSource(job.source.type);
  const { spool, routes } = context;
  const heldUp = (wait: HeldUp): void => context.emit?.({ kind: "held-up", stage: "source", ...wait });
  const about = { ...surroundings(job, context), heldUp, ...(spool && { spool }), ...(routes && { routes }) };
  return connector.resolve(job.source, { ...about, format: formatByName(decode.format), decode });
}

/** Binds the sinks alone, each of them let go with `opened`. @throws MillraceError TABLE_UNKNOWN, SINK_REFUSED, SINK_UNAVAILABLE */
export async function resolveSinks(
  plan: Plan,
  context: ResolveContext,
  opened: AsyncDisposableStack,
): Promise<ReadonlyMap<string, BoundSink>> {
  const about = { ...surroundings(plan.job, context), declared: renamed(plan.decode), format: formatByName };
  const sinks = new Map<string, BoundSink>();
  for (const { name, type, options } of plan.sinks) {
    const sink = await loadSink(type);
    const heldUp = (wait: HeldUp): void => context.emit?.({ kind: "held-up", stage: "sink", sink: name, ...wait });
    sinks.set(name, opened.use(await sink.resolve(options, { ...about, name, heldUp })));
  }
  return sinks;
}

/** The declared types by the names that stand behind `rename`. */
export function renamed({ columns, rename = {} }: Plan["decode"]): Columns {
  return Object.fromEntries(Object.entries(columns).map(([field, column]) => [rename[field] ?? field, column]));
}

function surroundings({ name, baseDir }: Plan["job"], { clock, signal, objects }: ResolveContext) {
  const shared = objects && { shared: objects };
  return { job: name, baseDir, clock, codec: codecByName, ...shared, ...(signal && { signal }) };
}

/** Told here and not by a thread, so that it is known before anything is opened. */
export async function assertModuleExists({ job, transform }: Plan): Promise<void> {
  if (transform === null) return;
  try {
    await access(transform.module);
  } catch (cause) {
    const shown = path.relative(job.baseDir, transform.module);
    throw new MillraceError("TRANSFORM_UNLOADABLE", `transform: no file ${shown} in ${job.baseDir}`, { cause });
  }
}
