/** When a lease may change hands. */
import type { LeaseOutcome, LeaseOwner } from "../core/ports/state-store.ts";

/** A lease as it is kept. */
export interface Lease {
  readonly owner: LeaseOwner;
  /** Wall-clock milliseconds. */
  readonly until: number;
}

/** What somebody who asks for a lease brings. */
export interface LeaseRequest {
  readonly owner: LeaseOwner;
  readonly time: { readonly now: number; readonly ttlMs: number };
  readonly steal: boolean;
}

/**
 * Answers a request: granted when nobody holds the lease, it has run out, its owner asks, or it is to be stolen.
 *
 * @param put keeps the new lease; called only when it is granted
 */
export function decideLease(
  held: Lease | undefined,
  { owner, time, steal }: LeaseRequest,
  put: (lease: Lease) => void,
): LeaseOutcome {
  const free = held === undefined || steal || held.until <= time.now || held.owner.id === owner.id;
  if (!free) return { granted: false, ...held };
  // Whole milliseconds, as every store can keep them.
  const until = Math.ceil(time.now + time.ttlMs);
  put({ owner, until });
  return { granted: true, until };
}
