/** `millrace daemon`: the jobs of a runtime file until somebody ends it. */
import { loadRuntime, type LoadedRuntime } from "../../config/load-runtime.ts";
import { createRuntime } from "../../daemon/runtime.ts";
import { ConfigReload } from "../config-reload.ts";
import { daemonLog, type DaemonLog } from "../daemon-log.ts";
import { EXIT } from "../exit-codes.ts";
import { ReloadSignal } from "../reload-signal.ts";
import { listenForStop } from "../stop-signals.ts";
import type { CliProcess } from "../terminal.ts";
import { prepareRequestMemory } from "../thread-memory.ts";

/** Where the runtime file is when none is named. */
const DEFAULT_FILE = "config/millrace.yaml";

/**
 * Hosts jobs until SIGTERM or SIGINT, then drains.
 *
 * @returns 0 after a clean drain, 1 past its deadline
 * @throws MillraceError CONFIG_INVALID and the like, STATE_UNAVAILABLE, USAGE where the port is taken
 */
export async function daemonCommand(file: string = DEFAULT_FILE, process: CliProcess): Promise<number> {
  // Before anything else: what is sent while it starts would end it at once, or as PID 1 not at all.
  using stop = listenForStop(process);
  using reloadAsked = new ReloadSignal(process);
  const loaded = await loadRuntime(file, { environment: process.env });
  for (const job of loaded.jobs) prepareRequestMemory(job);
  const { config } = loaded;
  const log = await daemonLog(config.log, process);
  using _faults = endOnFaults(process, log);
  const runtime = await createRuntime(optionsOf(loaded, log));
  using _reload = new ConfigReload(file, loaded, { runtime, log, signal: reloadAsked, process });
  await runtime.start();
  log.say("info", "ready", { jobs: loaded.jobs.length, url: runtime.url });
  const { again } = await stop.asked;
  const { deadlineMs } = config.shutdown;
  const drained = await Promise.race([runtime.drain(deadlineMs), again.then(() => false)]);
  log.say(drained ? "info" : "error", drained ? "stopped" : "stopped before all runs had ended", {});
  await runtime[Symbol.asyncDispose]();
  return drained ? EXIT.done : EXIT.failed;
}

function optionsOf({ config, jobs }: LoadedRuntime, log: DaemonLog): Parameters<typeof createRuntime>[0] {
  const { state, memory, threads, admin } = config;
  const token = admin.token?.reveal();
  return {
    jobs,
    state,
    memory: { budget: memory.budgetBytes },
    threads,
    admin: { host: admin.host, port: admin.port, ...(token !== undefined && { token }) },
    observers: [log.observe],
  };
}

/** What nobody has caught ends the process: its state is unknown, and the positions tell the next one where to go on. */
function endOnFaults(process: CliProcess, log: DaemonLog): Disposable {
  const end = (thrown: unknown): void => {
    const { stack = String(thrown) } = thrown instanceof Error ? thrown : {};
    log.say("error", "ended by a fault that nobody caught", { stack });
    process.exit(EXIT.failed);
  };
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
  return {
    [Symbol.dispose]() {
      process.off("uncaughtException", end);
      process.off("unhandledRejection", end);
    },
  };
}
