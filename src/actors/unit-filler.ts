/** Fills commit units with deliveries, and knows when one has to close. */
import type { Clock } from "../core/clock.ts";
import { isMillraceError } from "../core/errors.ts";
import type { Mailbox } from "../runtime/mailbox.ts";
import type { BudgetAccount, MemoryBudget } from "../runtime/memory-budget.ts";
import { CommitUnit } from "./commit-unit.ts";
import type { Delivery } from "./messages.ts";
import type { StageMeter } from "./stage-meter.ts";

/** What a {@link UnitFiller} needs. */
export interface UnitFillerOptions {
  readonly inbox: Mailbox<Delivery>;
  readonly commit: { readonly bytes: number; readonly intervalMs: number };
  readonly budget: MemoryBudget;
  /** The one that the run's reader has. */
  readonly account: BudgetAccount;
  /** Whether all there is to read was read, once no delivery will come any more; else somebody has stopped the run. */
  readonly isComplete: () => boolean;
  readonly clock: Clock;
  readonly meter: StageMeter;
}

/** Takes a delivery into a unit and hands it to the sink; what goes wrong stands in the unit. */
type Take = (unit: CommitUnit, delivery: Delivery) => Promise<void>;

/** One writer's. */
export class UnitFiller {
  readonly #options: UnitFillerOptions;
  readonly #take: Take;

  constructor(options: UnitFillerOptions, take: Take) {
    this.#options = options;
    this.#take = take;
  }

  /** The next unit, closed; null when no delivery will come any more. */
  async next(): Promise<CommitUnit | null> {
    const { inbox, meter, commit } = this.#options;
    const first = await meter.input(inbox.receive());
    if (first === undefined) return null;
    const unit = new CommitUnit();
    await meter.busy(() => this.#take(unit, first));
    using closing = this.#closing();
    while (!unit.isFull(commit.bytes)) {
      const next = inbox.tryReceive() ?? (await this.#nextBefore(closing.signal));
      if (next === undefined) break;
      await meter.busy(() => this.#take(unit, next));
    }
    if (unit.isMidway) await this.bringToBorder(unit);
    return unit;
  }

  /**
   * Takes what the sink may have sent together with the unit's last rows before, however full the unit is. It was read
   * once, so it comes again; unless the run is stopped before, and then the unit is left for the next one.
   */
  async bringToBorder(unit: CommitUnit): Promise<void> {
    const { inbox, meter, budget, account, isComplete } = this.#options;
    // The reader may wait for the very memory that the unit holds.
    using _waiting = budget.onWaiting(() => account.overdraw());
    account.overdraw();
    while (unit.isMidway) {
      const next = await meter.input(inbox.receive());
      if (next === undefined) {
        unit.isLeft = !isComplete();
        return;
      }
      await meter.busy(() => this.#take(unit, next));
    }
  }

  /** Aborted when a unit has to close before it is full: its interval is over, or a reader waits for its memory. */
  #closing(): Disposable & { readonly signal: AbortSignal } {
    const { clock, commit, budget } = this.#options;
    const controller = new AbortController();
    const timers = new DisposableStack();
    timers.use(clock.timer(commit.intervalMs, () => controller.abort()));
    timers.use(budget.onWaiting(() => controller.abort()));
    if (budget.waiting > 0) controller.abort();
    return { signal: controller.signal, [Symbol.dispose]: () => timers.dispose() };
  }

  async #nextBefore(closing: AbortSignal): Promise<Delivery | undefined> {
    const { inbox, meter } = this.#options;
    try {
      return await meter.input(inbox.receive(closing));
    } catch (thrown) {
      if (closing.aborted && isMillraceError(thrown, "ABORTED")) return undefined;
      throw thrown;
    }
  }
}
