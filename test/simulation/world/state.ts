/** The state store as one process reaches it: over a network that loses things, to a store that outlives them all. */
import { MillraceError } from "../../../src/core/errors.ts";
import type { Advance, Progress } from "../../../src/core/ports/sink.ts";
import type { RunState, StateStore } from "../../../src/core/ports/state-store.ts";
import { storeOver } from "../../../src/state/operations.ts";
import { type Fates, Faults, NO_FAULTS } from "./faults.ts";
import { request } from "./network.ts";
import type { SimulatedProcess } from "./process.ts";

/** What reads and writes positions: here a lost reply matters. */
const POSITIONS: ReadonlySet<string> = new Set([
  "claim",
  "progress",
  "commit",
  "forget",
  "addRejects",
  "mirror",
  "words",
  "keepWords",
  "takeRejects",
  "settleRejects",
]);

/** What a process's view of the store needs. */
export interface StateOptions {
  readonly store: StateStore;
  readonly process: SimulatedProcess;
  readonly faults: Faults;
  /** What becomes of the commits of a sink. */
  readonly faultsOf: (sink: string) => Fates;
  /** Told of every commit that took place. */
  readonly onCommit: (sink: string, advanced: readonly Progress[], advances: readonly Advance[]) => Promise<void>;
  /** Told that a replay has settled something. */
  readonly onSettled: () => Promise<void>;
  /** Told that a process wrote the end of its run down. */
  readonly onEnd: (state: RunState) => void;
}

/** The store over the simulated network. */
export function simulatedState(options: StateOptions): StateStore {
  const { store, process, faults, faultsOf, onCommit, onSettled, onEnd } = options;
  const calm = new Faults(process.scheduler, NO_FAULTS);
  const some = (operation: string): Fates => (POSITIONS.has(operation) ? faults : calm);
  return storeOver(
    "simulated state",
    (operation, args) =>
      request({
        process,
        local: true,
        name: `state: ${operation}`,
        faults: operation === "commit" ? faultsOf((args as Parameters<StateStore["commit"]>)[0].sink) : some(operation),
        ambiguous: (name) => new MillraceError("STATE_UNAVAILABLE", `simulated: ${name}: no answer`),
        work: async () => {
          const method = store[operation] as (...given: typeof args) => ReturnType<StateStore[typeof operation]>;
          const result = await method(...args);
          if (operation === "commit") {
            const [key, advances] = args as Parameters<StateStore["commit"]>;
            await onCommit(
              key.sink,
              await store.progress(
                key,
                advances.map(({ split }) => split),
              ),
              advances,
            );
          }
          if (operation === "settleRejects") await onSettled();
          if (operation === "updateRun") {
            const [, { state, endedAt = null }] = args as Parameters<StateStore["updateRun"]>;
            if (state !== undefined && endedAt !== null) onEnd(state);
          }
          return result as never;
        },
      }),
    async () => {},
  );
}
