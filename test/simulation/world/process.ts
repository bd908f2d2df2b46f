/** A process of the simulation: it can be killed or paused at any step, and nothing in it is the wiser. */
import type { Clock } from "../../../src/core/clock.ts";
import type { Scheduler } from "./scheduler.ts";

/** Whether a process lives, stands still (a zombie in the making) or is dead. */
type Condition = "alive" | "paused" | "dead";

/** Everything that comes to a process from outside comes through here: replies, and the ticks of its clock. */
export class SimulatedProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly #held: (() => void)[] = [];
  readonly #onBreak: (() => void)[] = [];
  #condition: Condition = "alive";

  constructor(name: string, scheduler: Scheduler) {
    this.name = name;
    this.scheduler = scheduler;
    this.clock = {
      now: () => scheduler.clock.now(),
      monotonic: () => scheduler.clock.monotonic(),
      timer: (delayMs, callback) => this.#timer(delayMs, callback),
    };
  }

  get condition(): Condition {
    return this.#condition;
  }

  /** Something takes time; resolves inside the process, so never once it is dead. */
  step(name: string): Promise<void> {
    return new Promise((resolve) => this.scheduler.after(`${this.name}: ${name}`, () => this.#deliver(resolve)));
  }

  /** Called when the process is killed or paused: its connections are dead or idle from then on. */
  onBreak(callback: () => void): void {
    this.#onBreak.push(callback);
  }

  /** Tells it something: at once, or when it goes on. */
  signal(callback: () => void): void {
    this.#deliver(callback);
  }

  /** Ends it as `kill -9` does. */
  kill(): void {
    this.#condition = "dead";
    this.#held.length = 0;
    for (const callback of this.#onBreak.splice(0)) callback();
  }

  /** Stops it as SIGSTOP does: time goes on without it. */
  pause(): void {
    this.#condition = "paused";
    for (const callback of this.#onBreak) callback();
  }

  /** Lets it go on: everything that came meanwhile is there at once. */
  resume(): void {
    this.#condition = "alive";
    for (const callback of this.#held.splice(0)) callback();
  }

  #deliver(callback: () => void): void {
    if (this.#condition === "alive") callback();
    else if (this.#condition === "paused") this.#held.push(callback);
  }

  #timer(delayMs: number, callback: () => void): Disposable {
    let cancelled = false;
    const timer = this.scheduler.clock.timer(delayMs, () =>
      this.#deliver(() => {
        if (!cancelled) callback();
      }),
    );
    return {
      [Symbol.dispose]() {
        cancelled = true;
        timer[Symbol.dispose]();
      },
    };
  }
}
