/**
 * A circuit breaker, as a state and its transitions: Michael Nygard, "Release It!".
 *
 * Closed: everything passes; so many failures in a row open it. Open: nothing passes until its time is over. Half-open:
 * one request passes as a probe; its success closes the breaker, its failure opens it again.
 */

/** How a breaker stands. Times are monotonic milliseconds. */
export type BreakerState =
  | { readonly name: "closed"; readonly failures: number }
  | { readonly name: "open"; readonly until: number }
  | { readonly name: "half-open"; readonly isProbing: boolean };

/** What happens to a breaker; `abandoned`: a probe ended without an answer. */
export type BreakerEvent =
  | { readonly kind: "succeeded" | "failed" | "abandoned"; readonly isProbe: boolean; readonly at: number }
  | { readonly kind: "asked"; readonly at: number };

/** When a breaker opens, and for how long. */
export interface BreakerSettings {
  readonly failures: number;
  /** Milliseconds. */
  readonly resetAfter: number;
}

export const CLOSED: BreakerState = { name: "closed", failures: 0 };

/** @param event `asked`: time has passed, and somebody wants to send */
export function afterBreakerEvent(state: BreakerState, event: BreakerEvent, settings: BreakerSettings): BreakerState {
  switch (state.name) {
    case "closed":
      return afterClosed(state, event, settings);
    case "open":
      // What was sent before it opened says nothing new.
      return event.kind === "asked" && event.at >= state.until ? { name: "half-open", isProbing: false } : state;
    case "half-open":
      return afterHalfOpen(state, event, settings);
  }
}

function afterClosed(
  state: Extract<BreakerState, { readonly name: "closed" }>,
  event: BreakerEvent,
  { failures, resetAfter }: BreakerSettings,
): BreakerState {
  if (event.kind === "succeeded") return state.failures === 0 ? state : CLOSED;
  if (event.kind !== "failed") return state;
  if (state.failures + 1 < failures) return { name: "closed", failures: state.failures + 1 };
  return { name: "open", until: event.at + resetAfter };
}

function afterHalfOpen(
  state: Extract<BreakerState, { readonly name: "half-open" }>,
  event: BreakerEvent,
  { resetAfter }: BreakerSettings,
): BreakerState {
  if (event.kind === "asked") return state.isProbing ? state : { name: "half-open", isProbing: true };
  if (!event.isProbe) return state;
  if (event.kind === "succeeded") return CLOSED;
  if (event.kind === "failed") return { name: "open", until: event.at + resetAfter };
  return { name: "half-open", isProbing: false };
}
