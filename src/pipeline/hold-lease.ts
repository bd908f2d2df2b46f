/** Keeps others away from a scope of a job, in the name of this process. */
import type { Clock } from "../core/clock.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import { currentLeaseOwner, isOwnerAlive } from "../state/lease-owner.ts";
import { type LeaseWait, RunLease } from "./lease.ts";

/**
 * Takes the lease of a scope.
 *
 * @param scope of a run its `identityKey`
 * @throws MillraceError LEASE_HELD naming the owner, unless it is to be waited for
 */
export function holdLease(
  state: StateStore,
  job: string,
  scope: string,
  clock: Clock,
  wait?: LeaseWait,
): Promise<RunLease> {
  const owner = currentLeaseOwner(crypto.randomUUID());
  const options = { state, job, scope, owner, clock, ...(wait && { wait }) };
  return RunLease.acquire({ ...options, isAlive: (other) => isOwnerAlive(other, owner) });
}
