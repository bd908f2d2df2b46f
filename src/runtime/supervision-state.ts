/** The words of the supervisor's state machine: its plan, states, events and effects. The rules are in `supervision.ts`. */
import type { Exit } from "./actor.ts";
import type { RestartHistory, RestartPolicy } from "./restart-policy.ts";

/** Which children a failed one takes along: none, all, or those that were started after it. */
export type Strategy = "one_for_one" | "one_for_all" | "rest_for_one";

/** When a child that has ended is started again: always, unless it ended normally, or never. */
export type RestartType = "permanent" | "transient" | "temporary";

/** What never changes about one supervisor. */
export interface SupervisionPlan {
  readonly name: string;
  readonly strategy: Strategy;
  readonly policy: RestartPolicy;
  readonly children: readonly { readonly name: string; readonly restart: RestartType }[];
  /** Whether a restart can help against this error. */
  readonly restartable: (error: unknown) => boolean;
  /** The pause before a child's restart, in milliseconds, after so many in a row. */
  readonly delayMs: (restartsBefore: number) => number;
}

/** What a child that is down is. */
export type Afterlife = { readonly kind: "queued"; readonly delayMs: number } | { readonly kind: "ended" };

/** Where a child is; see the head of the file. */
export type ChildState =
  | Afterlife
  | { readonly kind: "delayed" }
  | { readonly kind: "starting" }
  | { readonly kind: "running" }
  | { readonly kind: "doomed"; readonly then: Afterlife }
  | { readonly kind: "stopping"; readonly then: Afterlife };

/** One child's state and what its next back-off depends on. */
export interface ChildRecord {
  readonly state: ChildState;
  /** When it was last started, in milliseconds of the monotonic clock. */
  readonly startedAt: number;
  /** Restarts in a row for its own faults; a whole period of life ends the row. */
  readonly restarts: number;
}

/** The state of the machine. */
export interface SupervisionState {
  readonly children: readonly ChildRecord[];
  readonly history: RestartHistory;
  /** Set once everything is being stopped for good. */
  readonly closing: Closing | undefined;
}

/** Why all ends; without a failure it ends normally. */
export interface Closing {
  readonly failure?: { readonly error: unknown };
}

/** What happens to the machine. `child` is an index, `nowMs` the monotonic clock. */
export type SupervisionEvent = { readonly nowMs: number } & (
  | { readonly kind: "begin" }
  | { readonly kind: "ready"; readonly child: number }
  | { readonly kind: "exited"; readonly child: number; readonly exit: Exit }
  | { readonly kind: "delay-over"; readonly child: number }
  | ({ readonly kind: "close" } & Closing)
);

/** What the machine wants done, in this order. */
export type SupervisionEffect =
  | { readonly kind: "start"; readonly child: number }
  | { readonly kind: "stop"; readonly child: number }
  | { readonly kind: "delay"; readonly child: number; readonly delayMs: number }
  | { readonly kind: "cancel-delay"; readonly child: number }
  | {
      readonly kind: "restarting";
      readonly child: number;
      readonly delayMs: number;
      readonly attempt: number;
      readonly error: unknown;
    }
  | { readonly kind: "gave-up"; readonly child: number; readonly error: unknown }
  | ({ readonly kind: "finish" } & Closing);

/** A state and what is to be done on entering it. */
export interface SupervisionStep {
  readonly state: SupervisionState;
  readonly effects: readonly SupervisionEffect[];
}

/** Waits for its turn, without a pause. */
export const QUEUED = { kind: "queued", delayMs: 0 } as const;
/** Down for good. */
export const ENDED = { kind: "ended" } as const;

/** The state before `begin`: all children queued. */
export function initialState(plan: SupervisionPlan): SupervisionState {
  const children = plan.children.map(() => ({ state: QUEUED, startedAt: 0, restarts: 0 }));
  return { children, history: [], closing: undefined };
}

/** Whether every child is up or has ended for good. */
export function isSettled(state: SupervisionState): boolean {
  return state.children.every(isUpOrEnded);
}

/** Whether this child is up or has ended for good. */
export function isUpOrEnded({ state }: ChildRecord): boolean {
  return state.kind === "running" || state.kind === "ended";
}
