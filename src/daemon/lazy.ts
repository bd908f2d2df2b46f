/** The runtime behind a door that does not load it. */
import type { createRuntime as CreateRuntime } from "./runtime.ts";

/**
 * Makes a runtime: hosts jobs and starts their runs by their triggers; nothing runs before `start`. It installs no signal
 * handlers, writes to no console and never ends the process: what goes wrong is a rejected promise or an event.
 *
 * @param args the jobs, where the state is, and what else is not as by default
 * @throws MillraceError STATE_UNAVAILABLE, STATE_CORRUPT, STATE_TOO_NEW, CONFIG_INVALID where jobs cannot run together
 * @example
 * await using runtime = await createRuntime({ jobs: [job], state: ".millrace/state.db" });
 * await runtime.start();
 * const run = await runtime.trigger("orders");
 * console.log((await run.ended).written);
 */
export const createRuntime: typeof CreateRuntime = async (...args) =>
  (await import("./runtime.ts")).createRuntime(...args);
