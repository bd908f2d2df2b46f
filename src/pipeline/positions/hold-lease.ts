/** Keeps runs away while somebody works on what they would go on with. */
import type { Clock } from "../../core/clock.ts";
import type { StateStore } from "../../core/ports/state-store.ts";
import { currentLeaseOwner, isOwnerAlive } from "../../state/lease-owner.ts";
import { RunLease } from "../lease.ts";

/** @param scope the run's `identityKey` @throws MillraceError LEASE_HELD naming the owner, while a run is under way */
export function holdLease(state: StateStore, job: string, scope: string, clock: Clock): Promise<RunLease> {
  const owner = currentLeaseOwner(crypto.randomUUID());
  return RunLease.acquire({ state, job, scope, owner, clock, isAlive: (other) => isOwnerAlive(other, owner) });
}
