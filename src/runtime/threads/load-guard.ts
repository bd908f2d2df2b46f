/** Tells threads that die at their work from threads that cannot load their module, which replacing does not help. */
import { MillraceError } from "../../core/errors.ts";
import type { ThreadPoolOptions } from "./thread-pool-options.ts";
import type { RosterThread } from "./thread-roster.ts";

/** So many threads in a row that end before they begin a task mean that the module cannot be loaded. */
const MAX_LOAD_FAILURES = 3;

/** Counts the threads of one pool that ended in a row without having begun a task. */
export class LoadGuard {
  #failures = 0;

  /** A thread has answered, so the module can be loaded. */
  noteAnswer(): void {
    this.#failures = 0;
  }

  /** A thread has ended. */
  noteEnd({ began }: RosterThread): void {
    this.#failures = began ? 0 : this.#failures + 1;
  }

  /** Whether no thread will ever load the module. */
  isHopeless(living: readonly RosterThread[]): boolean {
    return this.#failures >= MAX_LOAD_FAILURES && !living.some(({ began }) => began);
  }
}

/** The error of a pool whose threads cannot load their module, told by the last of them. */
export function loadFault(options: ThreadPoolOptions, thread: RosterThread): MillraceError {
  const { name, filename, hangTimeoutMs, loadTimeoutMs = hangTimeoutMs } = options;
  const why = thread.hung
    ? `it did not load within ${loadTimeoutMs} ms`
    : (thread.error?.message ?? `its thread exits with code ${thread.exitCode} while it loads`);
  return new MillraceError("SETUP_FAILED", `the threads of pool "${name}" cannot load ${filename.href}: ${why}`, {
    cause: thread.error ?? undefined,
  });
}
