/** `millrace daemon`: the jobs of a runtime file until somebody ends it. */
import { loadRuntime, type LoadedRuntime } from "../../config/load-runtime.ts";
import { watchConfig } from "../../config/config-watch.ts";
import { systemClock } from "../../core/clock.ts";
import { MillraceError } from "../../core/errors.ts";
import { createRuntime } from "../../daemon/runtime.ts";
import type { Runtime } from "../../daemon/runtime-api.ts";
import { daemonLog, type DaemonLog } from "../daemon-log.ts";
import { EXIT } from "../exit-codes.ts";
import { listenForStop } from "../stop-signals.ts";
import type { CliProcess } from "../terminal.ts";

/** Where the runtime file is when none is named. */
const DEFAULT_FILE = "config/millrace.yaml";

/**
 * Hosts jobs until SIGTERM or SIGINT, then drains.
 *
 * @returns 0 after a clean drain, 1 past its deadline
 * @throws MillraceError CONFIG_INVALID and the like, STATE_UNAVAILABLE, USAGE where the port is taken
 */
export async function daemonCommand(file: string = DEFAULT_FILE, process: CliProcess): Promise<number> {
  const loaded = await loadRuntime(file, { environment: process.env });
  const { config } = loaded;
  const log = await daemonLog(config.log, process);
  using stop = listenForStop(process);
  using _faults = endOnFaults(process, log);
  const runtime = await createRuntime(optionsOf(loaded, log));
  using _reload = reloading(file, loaded, { runtime, log, process });
  await runtime.start();
  log.say("info", "ready", { jobs: loaded.jobs.length, url: runtime.url });
  const { signal, again } = await stop.asked;
  const { deadlineMs } = config.shutdown;
  log.say("info", "stopping", { signal, deadlineMs });
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

/** What a reload works on. */
interface Reloading {
  readonly runtime: Runtime;
  readonly log: DaemonLog;
  readonly process: CliProcess;
}

/** Reads the files again on SIGHUP, and on change when asked: a valid version takes over, an invalid one is refused loudly. */
function reloading(file: string, first: LoadedRuntime, { runtime, log, process }: Reloading): Disposable {
  const opened = new DisposableStack();
  let last: Promise<void> = Promise.resolve();
  const reload = (): void => {
    last = last.then(() => reloadOnce(file, { runtime, log, process }));
  };
  process.on("SIGHUP", reload);
  opened.defer(() => process.off("SIGHUP", reload));
  const { config, files, baseDir } = first;
  if (config.reload.watch)
    opened.use(watchConfig({ files, patterns: config.jobs, baseDir, clock: systemClock, onChange: reload }));
  return opened;
}

async function reloadOnce(file: string, { runtime, log, process }: Reloading): Promise<void> {
  try {
    const { jobs } = await loadRuntime(file, { environment: process.env });
    await runtime.reload(jobs);
  } catch (thrown) {
    const { message } = MillraceError.from(thrown);
    const what = "a new version of the config was refused, the old one stays";
    log.say("error", what, { problems: message.split("\n") });
  }
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
