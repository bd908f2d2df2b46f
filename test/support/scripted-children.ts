/** Children of a supervisor that do what a test says and write down what happens to them. */
import { sleep } from "../../src/core/clock.ts";
import type { Actor, ActorContext } from "../../src/runtime/actor.ts";
import type { RestartType } from "../../src/runtime/supervision-state.ts";
import type { ChildSpec } from "../../src/runtime/supervisor-options.ts";
import type { FakeClock } from "../../src/testing/fake-clock.ts";

/** What one incarnation of a child does by itself; by default it is ready at once, lives for ever and obeys. */
export interface Behaviour {
  /** How long `init` takes. */
  readonly initMs?: number;
  /** When it ends by itself, counted from its start; `Infinity`: never. */
  readonly lifeMs?: number;
  /** What it then fails with; it ends normally without. */
  readonly fault?: unknown;
  /** How long it takes to stop; `Infinity`: it has to be killed. */
  readonly stopMs?: number;
  /** Ignores even a kill. */
  readonly deaf?: boolean;
}

/** How a scripted child is made. */
export interface ScriptedChildOptions {
  readonly restart?: RestartType;
  readonly shutdownMs?: number;
  /** What the incarnation number so-and-so, counted from 0, does. */
  readonly behaviour?: (incarnation: number) => Behaviour;
}

type Ending = ReturnType<typeof Promise.withResolvers<void>>;

/**
 * A family of children with one log: `+a` a is started, `^a` it is up, `-a` it is asked to stop, `!a` it is killed, `.a` it
 * has ended.
 */
export class ScriptedChildren {
  readonly log: string[] = [];
  readonly #clock: FakeClock;
  readonly #alive = new Map<string, Ending>();

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  /** The names of those alive, in the order of their starts. */
  get alive(): string[] {
    return [...this.#alive.keys()];
  }

  /** What has been logged since the last call, in one line; without the entries of these kinds. */
  takeLog(leaveOut = "^."): string {
    const entries = this.log.splice(0);
    return entries.filter((entry) => !leaveOut.includes(entry.charAt(0))).join(" ");
  }

  spec(name: string, options: ScriptedChildOptions = {}): ChildSpec {
    const { restart = "permanent", shutdownMs = 1_000, behaviour = () => ({}) } = options;
    let incarnations = 0;
    return { name, restart, shutdownMs, start: () => this.#actor(name, behaviour(incarnations++)) };
  }

  /** Ends a living child normally. */
  end(name: string): void {
    this.#alive.get(name)?.resolve();
  }

  /** Fails a living child. */
  fail(name: string, fault: unknown): void {
    this.#alive.get(name)?.reject(fault);
  }

  #actor(name: string, behaviour: Behaviour): Actor {
    const ending = Promise.withResolvers<void>();
    return {
      init: async (context) => {
        this.#begin(name, behaviour, context, ending);
        if (behaviour.initMs !== undefined) await Promise.race([sleep(this.#clock, behaviour.initMs), ending.promise]);
        // What is killed in init is not run: this is its end, however deaf it is.
        if (context.killed.aborted) ending.resolve();
      },
      run: () => {
        this.log.push(`^${name}`);
        return ending.promise;
      },
    };
  }

  #begin(name: string, behaviour: Behaviour, { stopping, killed }: ActorContext, ending: Ending): void {
    const { lifeMs = Infinity, stopMs = 0, fault, deaf = false } = behaviour;
    this.log.push(`+${name}`);
    this.#alive.set(name, ending);
    const end = (): void => {
      if (this.#alive.get(name) === ending) this.#alive.delete(name);
      this.log.push(`.${name}`);
    };
    void ending.promise.then(end, end);
    this.#after(lifeMs, () => (fault === undefined ? ending.resolve() : ending.reject(fault)));
    stopping.addEventListener("abort", () => {
      if (!killed.aborted && this.#alive.get(name) === ending) this.log.push(`-${name}`);
      if (stopMs === 0 && !deaf) ending.resolve();
      else this.#after(stopMs, () => deaf || ending.resolve());
    });
    killed.addEventListener("abort", () => {
      this.log.push(`!${name}`);
      if (!deaf) ending.resolve();
    });
  }

  #after(delayMs: number, action: () => void): void {
    if (Number.isFinite(delayMs)) this.#clock.timer(delayMs, action);
  }
}
