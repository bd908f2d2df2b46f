/** Keeps a copy of progress that lives with the data in the state store, for display only. */
import type { Clock } from "../core/clock.ts";
import type { Progress } from "../core/ports/sink.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import type { ProgressKey } from "../core/position.ts";

const EVERY_MS = 1_000;

/** Writes at most once a second, and what is left when it is disposed. A failed write is no harm: it is only a copy. */
export class ProgressMirror implements AsyncDisposable {
  readonly #state: StateStore;
  readonly #key: ProgressKey;
  readonly #clock: Clock;
  readonly #dirty = new Map<string, Progress>();
  #timer: Disposable | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(state: StateStore, key: ProgressKey, clock: Clock) {
    this.#state = state;
    this.#key = key;
    this.#clock = clock;
  }

  note(rows: readonly Progress[]): void {
    for (const row of rows) this.#dirty.set(row.split, row);
    this.#timer ??= this.#clock.timer(EVERY_MS, () => {
      this.#timer = null;
      this.#write();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#write();
    await this.#writing;
  }

  #write(): void {
    const rows = [...this.#dirty.values()];
    this.#dirty.clear();
    if (rows.length === 0) return;
    this.#writing = this.#writing.then(() => this.#state.mirror(this.#key, rows)).catch(() => {});
  }
}
