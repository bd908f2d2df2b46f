/** The supervisor: an actor whose work is to keep other actors running. Its rules are in `supervision.ts`. */
import { MillraceError } from "../core/errors.ts";
import { type Actor, type ActorContext, type RunningActor, startActor } from "./actor.ts";
import { transition } from "./supervision.ts";
import {
  type Closing,
  initialState,
  isSettled,
  type SupervisionEffect,
  type SupervisionEvent,
  type SupervisionPlan,
  type SupervisionState,
} from "./supervision-state.ts";
import { type ChildSpec, planOf, type SupervisorEvent, type SupervisorOptions } from "./supervisor-options.ts";

/**
 * Starts its children in order, each after the one before is ready; restarts those that fail, by OTP's rules and after a
 * back-off; stops them in reverse order. It ends normally when every child has ended for good or it was asked to stop, and
 * fails when it gives up. It is an actor and so may be the child of another supervisor; one object runs once.
 *
 * @example
 * const supervisor = new Supervisor({
 *   name: "root", strategy: "one_for_one", intensity: 5, periodMs: 60_000, clock: systemClock, random: systemRandom,
 *   backoff: { initialDelayMs: 100, maxDelayMs: 10_000, multiplier: 2, jitter: "full" },
 *   children: [{ name: "ticker", restart: "permanent", shutdownMs: 1_000, start: () => new Ticker() }],
 * });
 * const running = supervisor.start();
 * running.stop(5_000);
 * await running.wait(); // { kind: "normal" }
 */
export class Supervisor implements Actor {
  readonly name: string;
  readonly #options: SupervisorOptions;
  readonly #plan: SupervisionPlan;
  readonly #running = new Map<number, RunningActor>();
  readonly #delays = new Map<number, Disposable>();
  readonly #inbox: SupervisionEvent[] = [];
  /** Resolves once all children are up or have ended; with the way it closes if that is why. */
  readonly #settled = Promise.withResolvers<Closing | undefined>();
  readonly #finished = Promise.withResolvers<Closing>();
  #state: SupervisionState;
  #killed: AbortSignal | undefined;
  #handling = false;

  /** @throws MillraceError USAGE if names repeat or figures contradict each other */
  constructor(options: SupervisorOptions) {
    this.name = options.name;
    this.#options = options;
    this.#plan = planOf(options);
    this.#state = initialState(this.#plan);
  }

  /** Starts it as a root, with nobody above: the caller has the verbs. */
  start(): RunningActor {
    return startActor(this.name, this, this.#options);
  }

  /**
   * Starts the children; passes once all are ready or have ended.
   *
   * @throws what the supervisor fails with if it gives up before; MillraceError USAGE if it was started before
   */
  async init({ stopping, killed }: ActorContext): Promise<void> {
    if (this.#killed !== undefined) {
      throw new MillraceError("USAGE", `supervisor ${this.name} was started twice: make a new one for every start`);
    }
    this.#killed = killed;
    this.#handle({ kind: "begin" });
    whenAborted(stopping, () => this.#handle({ kind: "close" }));
    whenAborted(killed, () => this.#killAll(killed.reason));
    throwFailure(await this.#settled.promise);
  }

  /** @throws what the supervisor fails with: MillraceError RESTARTS_EXHAUSTED or an error no restart can help against */
  async run(): Promise<void> {
    throwFailure(await this.#finished.promise);
  }

  /** Feeds the machine one event at a time; an effect may well cause the next one before it returns. */
  #handle(event: Untimed<SupervisionEvent>): void {
    this.#inbox.push({ ...event, nowMs: this.#options.clock.monotonic() });
    if (this.#handling) return;
    this.#handling = true;
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
      const step = transition(this.#plan, this.#state, next);
      this.#state = step.state;
      for (const effect of step.effects) this.#perform(effect);
      if (isSettled(this.#state)) this.#settled.resolve(this.#state.closing);
    }
    this.#handling = false;
  }

  #perform(effect: SupervisionEffect): void {
    switch (effect.kind) {
      case "start":
        return this.#startChild(effect.child);
      case "stop":
        return this.#running.get(effect.child)?.stop(this.#spec(effect.child).shutdownMs);
      case "delay":
        return this.#delay(effect.child, effect.delayMs);
      case "cancel-delay":
        return this.#delays.get(effect.child)?.[Symbol.dispose]();
      case "restarting":
      case "gave-up":
        return this.#tell({ ...effect, child: this.#spec(effect.child).name, supervisor: this.name });
      case "finish":
        return this.#finished.resolve(effect);
    }
  }

  #startChild(child: number): void {
    const spec = this.#spec(child);
    const running = startActor(spec.name, deferred(spec.start), this.#options);
    this.#running.set(child, running);
    // An observer may have killed the supervisor between this effect and the one before.
    if (this.#killed?.aborted === true) running.kill(this.#killed.reason);
    void running.ready().then((isReady) => {
      if (!isReady) return;
      this.#tell({ kind: "started", child: spec.name, supervisor: this.name });
      this.#handle({ kind: "ready", child });
    });
    void running.wait().then((exit) => {
      this.#running.delete(child);
      this.#tell({ kind: "exited", exit, child: spec.name, supervisor: this.name });
      this.#handle({ kind: "exited", child, exit });
    });
  }

  #delay(child: number, delayMs: number): void {
    this.#delays.set(
      child,
      this.#options.clock.timer(delayMs, () => this.#handle({ kind: "delay-over", child })),
    );
  }

  #killAll(reason: unknown): void {
    for (const running of this.#running.values()) running.kill(reason);
    this.#handle({ kind: "close" });
  }

  #tell(event: SupervisorEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch (error) {
      this.#handle({ kind: "close", failure: { error } });
    }
  }

  #spec(child: number): ChildSpec {
    const spec = this.#options.children[child];
    if (spec === undefined) {
      throw new MillraceError("INVARIANT", `supervisor ${this.name} has no child number ${child}`);
    }
    return spec;
  }
}

/** An event whose time is still to be read. */
type Untimed<Event> = Event extends unknown ? Omit<Event, "nowMs"> : never;

function throwFailure(closing: Closing | undefined): void {
  if (closing?.failure !== undefined) throw closing.failure.error;
}

/** An actor that is made inside its own `init`, so that a factory that throws is a failed child like any other. */
function deferred(factory: () => Actor): Actor {
  let actor: Actor | undefined;
  return {
    init(context) {
      actor = factory();
      return actor.init?.(context);
    },
    run: async (context) => actor?.run(context),
  };
}

function whenAborted(signal: AbortSignal, action: () => void): void {
  if (signal.aborted) action();
  else signal.addEventListener("abort", action, { once: true });
}
