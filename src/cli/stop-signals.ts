/** SIGTERM and SIGINT as a daemon takes them. */
import type { EndSignal } from "./exit-codes.ts";
import type { CliProcess } from "./terminal.ts";

/** That somebody wants the process to end. */
export interface StopAsked {
  readonly signal: EndSignal;
  /** Resolves when the same is asked once more: nothing is waited for any longer then. */
  readonly again: Promise<void>;
}

/** Listens until disposed. */
export function listenForStop(
  process: Pick<CliProcess, "on" | "off">,
): Disposable & { readonly asked: Promise<StopAsked> } {
  const asked = Promise.withResolvers<StopAsked>();
  const again = Promise.withResolvers<void>();
  let isAsked = false;
  const onSignal = (signal: EndSignal) => (): void => {
    if (isAsked) again.resolve();
    isAsked = true;
    asked.resolve({ signal, again: again.promise });
  };
  const listeners = { SIGINT: onSignal("SIGINT"), SIGTERM: onSignal("SIGTERM") };
  process.on("SIGINT", listeners.SIGINT);
  process.on("SIGTERM", listeners.SIGTERM);
  return {
    asked: asked.promise,
    [Symbol.dispose]() {
      process.off("SIGINT", listeners.SIGINT);
      process.off("SIGTERM", listeners.SIGTERM);
    },
  };
}
