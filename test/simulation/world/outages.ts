/** The outages that a plan has for one server: each begins at a step of the simulation and lasts a time. */
import type { ServerFaults } from "./faults.ts";
import type { Scheduler } from "./scheduler.ts";

/** One outage. */
export interface Outage {
  readonly fromStep: number;
  readonly forMs: number;
}

/** Begins each when its step has come. */
export class Outages {
  readonly #left: Outage[];
  readonly #faults: ServerFaults;
  readonly #scheduler: Scheduler;

  constructor(outages: readonly Outage[], faults: ServerFaults, scheduler: Scheduler) {
    this.#left = [...outages];
    this.#faults = faults;
    this.#scheduler = scheduler;
  }

  /** Between any two steps. */
  tick(): void {
    const [outage] = this.#left;
    if (outage === undefined || this.#scheduler.steps < outage.fromStep) return;
    this.#left.shift();
    this.#faults.goDown(outage.forMs);
  }
}
