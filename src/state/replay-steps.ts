/** How far replays are in a place of rejects that keeps nothing but memory. */
import type { ReplayStep } from "../core/ports/reject-shelf.ts";

interface Steps {
  /** The sinks of the filters by which it has taken; '' where none was named. */
  readonly takenOf: Set<string>;
  settled: boolean;
}

/** The steps of all replays. */
export class ReplaySteps {
  readonly #replays = new Map<string, Steps>();

  /** Whether a replay may take what a filter means: once. */
  takes(replay: string, sink: string): boolean {
    const { takenOf, settled } = this.#of(replay);
    if (settled || takenOf.has(sink)) return false;
    takenOf.add(sink);
    return true;
  }

  settle(replay: string): void {
    this.#of(replay).settled = true;
  }

  has({ replay, step }: ReplayStep): boolean {
    const { takenOf, settled } = this.#of(replay);
    return settled || (step === "taken" && takenOf.size > 0);
  }

  forget(replay: string): void {
    this.#replays.delete(replay);
  }

  #of(replay: string): Steps {
    const steps = this.#replays.get(replay) ?? { takenOf: new Set<string>(), settled: false };
    this.#replays.set(replay, steps);
    return steps;
  }
}
