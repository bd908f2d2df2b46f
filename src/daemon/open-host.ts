/** What a runtime is made of before it starts: opened from its options. */
import path from "node:path";
import type { Clock } from "../core/clock.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import { openSharedWorld, type SharedWorld } from "../pipeline/shared-world.ts";
import { openStateStore, parseStateUrl } from "../state/open.ts";
import type { RuntimeOptions } from "./runtime-api.ts";

/** Where the state is when nobody says. */
const DEFAULT_STATE = path.join(".millrace", "state.db");

/**
 * Opens the state store; a server that is away is not waited for here: a runtime that cannot start says so.
 *
 * @param opened disposes of it, unless it is the caller's own
 * @throws MillraceError STATE_UNAVAILABLE, STATE_CORRUPT, STATE_TOO_NEW, CONFIG_INVALID
 */
export async function openHostState(
  given: RuntimeOptions["state"],
  clock: Clock,
  opened: AsyncDisposableStack,
): Promise<StateStore> {
  if (typeof given === "object" && !("type" in given)) return given;
  const baseDir = process.cwd();
  const spec = typeof given === "object" ? given : parseStateUrl(given ?? DEFAULT_STATE, baseDir);
  return opened.use(await openStateStore(spec, { clock, threadAfterMs: 0 }));
}

/** The memory, the turns and the connections that all runs share. @throws MillraceError INVARIANT for figures that are none */
export function hostWorld({ memory, threads }: Pick<RuntimeOptions, "memory" | "threads">): SharedWorld {
  const budget = memory?.budget ?? "auto";
  return openSharedWorld({
    ...(budget !== "auto" && { memoryBytes: budget }),
    ...(threads !== undefined && threads !== "auto" && { threads }),
  });
}
