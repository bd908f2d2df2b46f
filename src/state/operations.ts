/**
 * The state store's operations without promises.
 *
 * Every store that answers by itself (in memory, or in the thread that owns the database) implements these, and
 * {@link storeOver} puts the port over them, so that the port's methods are named in one place.
 */
import type { StateStore } from "../core/ports/state-store.ts";

/** Names of the operations of the port. */
export type Operation = Exclude<keyof StateStore, "label" | typeof Symbol.asyncDispose>;

/** What an operation takes. */
export type Arguments<O extends Operation> = Parameters<StateStore[O]>;

/** What an operation gives. */
export type Outcome<O extends Operation> = Awaited<ReturnType<StateStore[O]>>;

/** The operations, done at once. */
export type Operations = { readonly [O in Operation]: (...args: Arguments<O>) => Outcome<O> };

/** The operations, done elsewhere. */
export type AsyncOperations = { readonly [O in Operation]: (...args: Arguments<O>) => Promise<Outcome<O>> };

/** Carries an operation out, wherever. */
export type Call = <O extends Operation>(operation: O, args: Arguments<O>) => Promise<Outcome<O>>;

/** The port over something that carries operations out. */
export function storeOver(label: string, call: Call, dispose: () => Promise<void>): StateStore {
  return {
    label,
    createRun: (...args) => call("createRun", args),
    updateRun: (...args) => call("updateRun", args),
    findRun: (...args) => call("findRun", args),
    listRuns: (...args) => call("listRuns", args),
    acquireLease: (...args) => call("acquireLease", args),
    releaseLease: (...args) => call("releaseLease", args),
    findLease: (...args) => call("findLease", args),
    claim: (...args) => call("claim", args),
    progress: (...args) => call("progress", args),
    listPositions: (...args) => call("listPositions", args),
    commit: (...args) => call("commit", args),
    words: (...args) => call("words", args),
    keepWords: (...args) => call("keepWords", args),
    mirror: (...args) => call("mirror", args),
    forget: (...args) => call("forget", args),
    forgetRun: (...args) => call("forgetRun", args),
    addRejects: (...args) => call("addRejects", args),
    listRejects: (...args) => call("listRejects", args),
    groupRejects: (...args) => call("groupRejects", args),
    takeRejects: (...args) => call("takeRejects", args),
    settleRejects: (...args) => call("settleRejects", args),
    findSchedule: (...args) => call("findSchedule", args),
    planSlots: (...args) => call("planSlots", args),
    addSlots: (...args) => call("addSlots", args),
    pauseSchedule: (...args) => call("pauseSchedule", args),
    forgetSchedule: (...args) => call("forgetSchedule", args),
    listSlots: (...args) => call("listSlots", args),
    takeSlot: (...args) => call("takeSlot", args),
    endSlot: (...args) => call("endSlot", args),
    addToSpool: (...args) => call("addToSpool", args),
    readSpool: (...args) => call("readSpool", args),
    trimSpool: (...args) => call("trimSpool", args),
    spoolSize: (...args) => call("spoolSize", args),
    prune: (...args) => call("prune", args),
    [Symbol.asyncDispose]: dispose,
  };
}

/** Carries one operation out on an implementation. */
export function perform<O extends Operation>(state: Operations, operation: O, args: Arguments<O>): Outcome<O> {
  const method: (...args: Arguments<O>) => Outcome<O> = state[operation];
  return method.apply(state, args);
}

/** Carries one operation out on an implementation that waits for others. */
export function performAsync<O extends Operation>(
  state: AsyncOperations,
  operation: O,
  args: Arguments<O>,
): Promise<Outcome<O>> {
  const method: (...args: Arguments<O>) => Promise<Outcome<O>> = state[operation];
  return method.apply(state, args);
}
