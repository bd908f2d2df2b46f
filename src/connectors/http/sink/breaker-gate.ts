/** The gate before all requests of a sink: open while the breaker is closed, and the other way round. */
import { abortError, type Clock } from "../../../core/clock.ts";
import { onAbort } from "../../../core/abort.ts";
import type { SinkHost } from "../../../core/ports/sink.ts";
import { afterBreakerEvent, type BreakerEvent, type BreakerSettings, type BreakerState, CLOSED } from "./breaker.ts";

/** Whether a request that was let through is the one on which everything depends. */
export interface Pass {
  readonly isProbe: boolean;
}

const ORDINARY: Pass = { isProbe: false };
const PROBE: Pass = { isProbe: true };

/** What a {@link BreakerGate} needs. */
export interface BreakerGateOptions {
  readonly settings: BreakerSettings;
  readonly clock: Clock;
  /** Told of each change. */
  readonly host: Pick<SinkHost, "breaker"> | undefined;
}

/** One sink's. Waiting before it is no attempt: whoever waits has sent nothing. */
export class BreakerGate implements Disposable {
  readonly #options: BreakerGateOptions;
  readonly #waiting = new Set<() => void>();
  #state: BreakerState = CLOSED;
  #timer: Disposable | undefined;

  constructor(options: BreakerGateOptions) {
    this.#options = options;
  }

  /** Lets a request through, at once where it can. @throws MillraceError ABORTED */
  pass(signal: AbortSignal): Pass | Promise<Pass> {
    return this.#state.name === "closed" ? ORDINARY : this.#wait(signal);
  }

  /** What became of a request that was let through. @param reason why it failed */
  ended({ isProbe }: Pass, kind: "succeeded" | "failed" | "abandoned", reason: string | null = null): void {
    this.#turn({ kind, isProbe, at: this.#options.clock.monotonic() }, reason);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  async #wait(signal: AbortSignal): Promise<Pass> {
    for (;;) {
      if (signal.aborted) throw abortError(signal);
      if (this.#state.name === "closed") return ORDINARY;
      if (this.#mayProbe()) return PROBE;
      await this.#changed(signal);
    }
  }

  /** Takes the probe's place where it is free. */
  #mayProbe(): boolean {
    if (this.#state.name !== "half-open" || this.#state.isProbing) return false;
    this.#turn({ kind: "asked", at: this.#options.clock.monotonic() }, null);
    return true;
  }

  #changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        aborted[Symbol.dispose]();
        resolve();
      };
      this.#waiting.add(wake);
      const aborted = onAbort(signal, wake);
    });
  }

  #turn(event: BreakerEvent, reason: string | null): void {
    const before = this.#state;
    this.#state = afterBreakerEvent(before, event, this.#options.settings);
    if (this.#state === before) return;
    if (this.#state.name !== before.name) this.#tell(reason);
    if (this.#state.name === "open" && before.name !== "open") this.#openUntil(this.#state.until);
    if (event.kind !== "asked" || this.#state.name !== before.name) for (const wake of [...this.#waiting]) wake();
  }

  /** The system's timers may be early by a part of a millisecond, and nobody else would ask again. */
  #openUntil(until: number): void {
    const { clock, settings } = this.#options;
    this[Symbol.dispose]();
    const ask = (): void => this.#turn({ kind: "asked", at: Math.max(until, clock.monotonic()) }, null);
    this.#timer = clock.timer(settings.resetAfter, ask);
  }

  #tell(reason: string | null): void {
    const { settings, host } = this.#options;
    const { name } = this.#state;
    host?.breaker(name, { forMs: name === "open" ? settings.resetAfter : null, reason });
  }
}
