/** SIGINT and SIGTERM: the first asks for a graceful stop, the second stops at once. */
import { EXIT, type EndSignal } from "./exit-codes.ts";

/** The slice of the process that signals need. */
export interface SignalTarget {
  on(signal: EndSignal, listener: () => void): unknown;
  off(signal: EndSignal, listener: () => void): unknown;
  exit(code: number): unknown;
}

/** Signals as a run takes them; disposing stops listening. */
export interface Signals extends Disposable {
  /** Aborted by the first signal, whose name is the reason: drain, commit, end. */
  readonly graceful: AbortSignal;
  /** Aborted by the second, right before the process ends. */
  readonly kill: AbortSignal;
  /** The first signal that came. */
  readonly received: EndSignal | undefined;
}

/**
 * Listens until disposed.
 *
 * @param tell called with a line for people at each signal
 * @param ending what a graceful stop is
 */
export function listenForSignals(
  target: SignalTarget,
  tell: (line: string) => void,
  ending = "finishing what is in flight",
): Signals {
  const graceful = new AbortController();
  const kill = new AbortController();
  let received: EndSignal | undefined;
  const onSignal = (signal: EndSignal) => (): void => {
    if (received === undefined) {
      received = signal;
      tell(`${signal}: ${ending}; once more stops at once`);
      graceful.abort(signal);
      return;
    }
    tell("stopped at once; run it again to go on");
    kill.abort(signal);
    target.exit(EXIT[received]);
  };
  const listeners = { SIGINT: onSignal("SIGINT"), SIGTERM: onSignal("SIGTERM") };
  target.on("SIGINT", listeners.SIGINT);
  target.on("SIGTERM", listeners.SIGTERM);
  return {
    graceful: graceful.signal,
    kill: kill.signal,
    get received() {
      return received;
    },
    [Symbol.dispose]() {
      target.off("SIGINT", listeners.SIGINT);
      target.off("SIGTERM", listeners.SIGTERM);
    },
  };
}
