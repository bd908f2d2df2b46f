/** SIGHUP as a daemon takes it: it never ends the process, and one that comes while the daemon starts is not lost. */
import type { CliProcess } from "./terminal.ts";

/** Listens from its making until disposed. */
export class ReloadSignal implements Disposable {
  readonly #process: Pick<CliProcess, "on" | "off">;
  readonly #heard = (): void => {
    this.#isAsked = true;
    this.#tell?.();
  };
  #isAsked = false;
  #tell: (() => void) | undefined;

  constructor(process: Pick<CliProcess, "on" | "off">) {
    this.#process = process;
    process.on("SIGHUP", this.#heard);
  }

  /** Tells somebody of each, and at once of what came before. */
  listen(tell: () => void): void {
    this.#tell = tell;
    if (this.#isAsked) tell();
  }

  [Symbol.dispose](): void {
    this.#process.off("SIGHUP", this.#heard);
  }
}
