/** A daemon reads its files again: a valid version takes over, an invalid one is refused loudly and the old one stays. */
import { watchConfig } from "../config/config-watch.ts";
import { type LoadedRuntime, loadRuntime } from "../config/load-runtime.ts";
import { systemClock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import type { Runtime } from "../daemon/runtime-api.ts";
import type { DaemonLog } from "./daemon-log.ts";
import type { ReloadSignal } from "./reload-signal.ts";
import type { CliProcess } from "./terminal.ts";

/** What a reload works on. */
export interface ReloadWorld {
  readonly runtime: Runtime;
  readonly log: DaemonLog;
  readonly signal: ReloadSignal;
  readonly process: Pick<CliProcess, "env">;
}

/** Reads again on SIGHUP, and on change where the file asks for it, until disposed. */
export class ConfigReload implements Disposable {
  readonly #file: string;
  readonly #world: ReloadWorld;
  readonly #listener = (): void => this.#reload();
  #loaded: LoadedRuntime;
  #watching: Disposable | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(file: string, loaded: LoadedRuntime, world: ReloadWorld) {
    this.#file = file;
    this.#loaded = loaded;
    this.#world = world;
    this.#watch();
    world.signal.listen(this.#listener);
  }

  [Symbol.dispose](): void {
    this.#watching?.[Symbol.dispose]();
  }

  /** One after another: each sees what the one before it has left. */
  #reload(): void {
    this.#last = this.#last.then(() => this.#reloadOnce());
  }

  async #reloadOnce(): Promise<void> {
    const { runtime, log, process } = this.#world;
    try {
      const loaded = await loadRuntime(this.#file, { environment: process.env });
      await runtime.reload(loaded.jobs);
      const settings = changedSettings(this.#loaded, loaded);
      if (settings.length > 0) log.say("warn", "settings that hold from the next start on have changed", { settings });
      this.#loaded = loaded;
      this.#watch();
    } catch (thrown) {
      runtime.refuseReload(MillraceError.from(thrown).message);
    }
  }

  #watch(): void {
    this.#watching?.[Symbol.dispose]();
    const { config, files, baseDir } = this.#loaded;
    this.#watching = config.reload.watch
      ? watchConfig({ files, patterns: config.jobs, baseDir, clock: systemClock, onChange: this.#listener })
      : undefined;
  }
}

/** The settings of the process itself, which jobs come and go with. */
function changedSettings({ config: before }: LoadedRuntime, { config: after }: LoadedRuntime): readonly string[] {
  const fixed = ["state", "memory", "threads", "admin", "log", "cluster", "shutdown"] as const;
  return fixed.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
}
