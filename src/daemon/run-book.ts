/** Runs as the API tells of them: those under way here with their figures, the others as they are kept. */
import type { Clock } from "../core/clock.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import { pastRun, pastRunToJson } from "../pipeline/run-history.ts";
import type { RunDesk } from "./run-desk.ts";
import type { RunObject, RunsWish } from "./runtime-api.ts";

/** Looks runs up. */
export class RunBook {
  readonly #state: StateStore;
  readonly #desk: RunDesk;
  readonly #clock: Clock;

  constructor({ state, desk, clock }: { readonly state: StateStore; readonly desk: RunDesk; readonly clock: Clock }) {
    this.#state = state;
    this.#desk = desk;
    this.#clock = clock;
  }

  /** Newest first. @throws MillraceError STATE_UNAVAILABLE, STATE_CORRUPT */
  async list(wish: RunsWish): Promise<readonly RunObject[]> {
    const rows = await this.#state.listRuns(wish);
    return Promise.all(rows.map((row) => this.#objectOf(row)));
  }

  /** @throws MillraceError as {@link list} */
  async find(id: string): Promise<RunObject | undefined> {
    const row = await this.#state.findRun(id);
    return row === undefined ? undefined : await this.#objectOf(row);
  }

  async #objectOf(row: Parameters<typeof pastRun>[1]): Promise<RunObject> {
    const active = this.#desk.active.find(({ id }) => id === row.id)?.progress();
    const { slot, trigger, startedAt } = row;
    if (active !== undefined) return { ...active, slot, trigger, startedAt };
    return pastRunToJson(await pastRun(this.#state, row, this.#clock)) as RunObject;
  }
}
