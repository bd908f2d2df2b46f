/** A bound plan with faults between it and everything outside, for tests. */
import type { FaultInjection } from "../core/ports/fault-injection.ts";
import type { BoundPlan } from "./resolve.ts";

/** The same plan, as far as the faults let it be. */
export function faultyPlan(bound: BoundPlan, faults: FaultInjection): BoundPlan {
  return {
    ...bound,
    source: faults.source(bound.source),
    sinks: new Map(Array.from(bound.sinks, ([name, sink]) => [name, faults.sink(name, sink)])),
  };
}
