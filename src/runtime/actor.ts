/**
 * The actor: something that runs until it is done, is asked to stop, or is killed.
 *
 * The three verbs of a running actor are `stop` (finish what you have, take nothing new; killed at a deadline), `kill`
 * (stop now) and `wait`. JavaScript cannot end a function from outside, so a kill is a signal too. An actor that ignores
 * even that is given up after a grace: its exit says `abandoned`, nobody waits for it any longer, and whatever it still
 * does must be made harmless by others (closed mailboxes, fences).
 */
import type { Clock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";

/** What an actor is told about itself and its end. */
export interface ActorContext {
  readonly name: string;
  /** Aborted on `stop` and on `kill`: finish what you have, take nothing new. */
  readonly stopping: AbortSignal;
  /** Aborted on `kill`: stop now. */
  readonly killed: AbortSignal;
}

/** Something that runs. One object is run once; a restart makes a new one. */
export interface Actor {
  /** Gets ready; those that are started after this one wait for it. */
  init?(context: ActorContext): Promise<void> | void;
  /** Works until there is nothing more to do; called after `init`, also when a stop (but no kill) came meanwhile. */
  run(context: ActorContext): Promise<void>;
}

/** How an actor ended. */
export type Exit =
  | { readonly kind: "normal" }
  | { readonly kind: "failed"; readonly error: unknown }
  | { readonly kind: "killed"; readonly reason: unknown; readonly abandoned: boolean };

/** What {@link startActor} needs. */
export interface StartOptions {
  readonly clock: Clock;
  /** How long a killed actor may take to end before it is abandoned, in milliseconds; 5,000 when absent. */
  readonly killGraceMs?: number;
}

/** A started actor: the verbs by which others deal with it. */
export interface RunningActor {
  readonly name: string;
  /** Resolves with true once `init` has passed, with false if the actor ended before. */
  ready(): Promise<boolean>;
  /** Asks it to finish and kills it after `deadlineMs` (`Infinity`: never). Of several deadlines the first one counts. */
  stop(deadlineMs: number): void;
  /** Tells it to end at once. `reason` becomes the cause of what aborted waits throw. */
  kill(reason?: unknown): void;
  /** Resolves once it has ended; never rejects. */
  wait(): Promise<Exit>;
}

const DEFAULT_KILL_GRACE_MS = 5_000;

/**
 * Starts an actor; its failure is its {@link Exit}, never a throw.
 *
 * @example
 * const running = startActor("ticker", { run: ({ stopping }) => sleep(systemClock, 60_000, stopping) }, { clock: systemClock });
 * running.stop(1_000);
 * await running.wait(); // { kind: "normal" }
 */
export function startActor(name: string, actor: Actor, options: StartOptions): RunningActor {
  return new ActorRun(name, actor, options);
}

class ActorRun implements RunningActor {
  readonly name: string;
  readonly #clock: Clock;
  readonly #killGraceMs: number;
  readonly #stopping = new AbortController();
  readonly #killed = new AbortController();
  readonly #ready = Promise.withResolvers<boolean>();
  readonly #exit = Promise.withResolvers<Exit>();
  readonly #timers = new DisposableStack();
  #killReason: unknown;

  constructor(name: string, actor: Actor, { clock, killGraceMs = DEFAULT_KILL_GRACE_MS }: StartOptions) {
    this.name = name;
    this.#clock = clock;
    this.#killGraceMs = killGraceMs;
    void this.#live(actor);
  }

  ready(): Promise<boolean> {
    return this.#ready.promise;
  }

  wait(): Promise<Exit> {
    return this.#exit.promise;
  }

  stop(deadlineMs: number): void {
    if (this.#timers.disposed || this.#killed.signal.aborted) return;
    if (Number.isFinite(deadlineMs)) {
      this.#timers.use(this.#clock.timer(deadlineMs, () => this.kill(`not stopped within ${deadlineMs} ms`)));
    }
    this.#stopping.abort(new MillraceError("ABORTED", `actor ${this.name} was asked to stop`));
  }

  kill(reason?: unknown): void {
    if (this.#timers.disposed || this.#killed.signal.aborted) return;
    this.#killReason = reason;
    const error = new MillraceError("ABORTED", `actor ${this.name} was killed`, { cause: reason });
    // In this order, so that whoever hears of the stop can see that it is a kill.
    this.#killed.abort(error);
    this.#stopping.abort(error);
    this.#timers.use(this.#clock.timer(this.#killGraceMs, () => this.#end(this.#killedExit(true))));
  }

  async #live(actor: Actor): Promise<void> {
    const context: ActorContext = { name: this.name, stopping: this.#stopping.signal, killed: this.#killed.signal };
    try {
      // The caller has its handle before the actor's first line runs.
      await Promise.resolve();
      if (!context.killed.aborted) await actor.init?.(context);
      if (!context.killed.aborted) {
        this.#ready.resolve(true);
        await actor.run(context);
      }
      this.#end({ kind: "normal" });
    } catch (thrown) {
      // An actor may let the abort of its own stopping signal fly: it has obeyed.
      const obeyed = this.#stopping.signal.aborted && thrown === this.#stopping.signal.reason;
      this.#end(obeyed ? { kind: "normal" } : { kind: "failed", error: thrown });
    }
  }

  /** The first end counts; after a kill every end is the kill's, since errors are then its mere echo. */
  #end(exit: Exit): void {
    this.#timers.dispose();
    this.#ready.resolve(false);
    this.#exit.resolve(this.#killed.signal.aborted && exit.kind !== "killed" ? this.#killedExit(false) : exit);
  }

  #killedExit(abandoned: boolean): Exit {
    return { kind: "killed", reason: this.#killReason, abandoned };
  }
}
