/** Makes a runtime: one state store, one memory budget and one set of turns for all jobs. */
import { checkJobSet } from "../config/job-set.ts";
import { systemClock } from "../core/clock.ts";
import type { RuntimeObserver } from "../core/ports/runtime-events.ts";
import { systemRandom } from "../core/random.ts";
import { packageVersion } from "../observability/package-version.ts";
import { SuccessBell } from "../scheduling/success-bell.ts";
import { Scheduler } from "../scheduling/scheduler.ts";
import { nodeCronTicker } from "../scheduling/ticker.ts";
import { EventHub } from "./event-hub.ts";
import { HostedRuntime } from "./hosted-runtime.ts";
import { NextSlots } from "./next-slots.ts";
import { hostWorld, openHostState } from "./open-host.ts";
import { RunDesk } from "./run-desk.ts";
import type { Runtime, RuntimeOptions } from "./runtime-api.ts";
import { SlotLauncher } from "./slot-launcher.ts";
import { openTelling } from "./telling.ts";

/**
 * Makes a runtime; nothing runs before `start`. It installs no signal handlers, writes to no console and never ends the
 * process: what goes wrong is a rejected promise or an event.
 *
 * @throws MillraceError STATE_UNAVAILABLE, STATE_CORRUPT, STATE_TOO_NEW, CONFIG_INVALID also where two jobs have one
 *   name, or one comes after another that is not there
 * @example
 * await using runtime = await createRuntime({ jobs: [job], state: "sqlite:.millrace/state.db" });
 * await runtime.start();
 * const run = await runtime.trigger("orders");
 * console.log((await run.ended).written);
 */
export async function createRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { clock = systemClock, random = systemRandom, observers = [] } = options;
  checkJobSet(options.jobs);
  await using opened = new AsyncDisposableStack();
  const state = await openHostState(options.state, clock, opened);
  const registry = options.registry ?? new (await import("prom-client")).Registry();
  const hub = new EventHub({ clock, observers });
  const bell = new SuccessBell();
  hub.add(ringing(bell));
  const shared = opened.use(hostWorld(options));
  const desk = new RunDesk({
    ...{ state, clock, random, shared, emit: hub.emit },
    routes: () => runtime.routes,
  });
  const launcher = new SlotLauncher({
    ...{ desk, state, clock, emit: hub.emit },
    jobNamed: (name) => runtime.jobNamed(name),
  });
  const ticker = await nodeCronTicker();
  const scheduler = new Scheduler({ store: state, launcher, clock, emit: hub.emit, ticker });
  const nextSlots = new NextSlots(clock);
  const telling = opened.use(
    await openTelling({
      ...{ registry, logger: options.logger, state, clock, random, emit: hub.emit, version: packageVersion() },
      nextSlots: () => nextSlots.all(),
      pools: () => shared.objects.figures,
    }),
  );
  for (const observer of telling.observers) hub.add(observer);
  const parts = { state, clock, random, registry, hub, desk, scheduler, bell, nextSlots, telling };
  const runtime = new HostedRuntime(parts, options, opened.move());
  return runtime;
}

/** A run tells of its end when the state store knows of it. */
function ringing(bell: SuccessBell): RuntimeObserver {
  return (event) => {
    if (event.kind === "run-ended" && event.state === "succeeded") bell.ring(event.job);
  };
}
