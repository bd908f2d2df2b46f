/** What a supervisor is made of and what it tells. */
import type { Clock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import type { Actor, Exit } from "./actor.ts";
import { type BackoffOptions, backoffDelayMs, checkBackoff } from "./backoff.ts";
import { checkRestartPolicy } from "./restart-policy.ts";
import type { RestartType, Strategy, SupervisionPlan } from "./supervision-state.ts";

/** One child of a `Supervisor`. */
export interface ChildSpec {
  /** Unique among its siblings. */
  readonly name: string;
  readonly restart: RestartType;
  /** How long a stop may take before the child is killed, in milliseconds; `Infinity` for a supervisor of children. */
  readonly shutdownMs: number;
  /** Makes the actor, a fresh one for every start; what it throws is the child's failure. */
  readonly start: () => Actor;
}

/** What a `Supervisor` tells its observer, at the moment when it happens. */
export type SupervisorEvent = { readonly supervisor: string; readonly child: string } & (
  | { readonly kind: "started" }
  | { readonly kind: "exited"; readonly exit: Exit }
  | {
      readonly kind: "restarting";
      readonly delayMs: number;
      /** The how-manieth restart in a row this is, from 1. */
      readonly attempt: number;
      readonly error: unknown;
    }
  | { readonly kind: "gave-up"; readonly error: unknown }
);

/** How a `Supervisor` is made. */
export interface SupervisorOptions {
  readonly name: string;
  readonly strategy: Strategy;
  /** So many restarts within `periodMs`, of all children together, are borne. */
  readonly intensity: number;
  /** In milliseconds. Must exceed the sum of the first `intensity` back-off delays, or it never gives up. */
  readonly periodMs: number;
  readonly backoff: BackoffOptions;
  readonly clock: Clock;
  readonly random: Random;
  /** In the order of their start. */
  readonly children: readonly ChildSpec[];
  /** Whether a restart can help against this error of a child; always, when absent, and not if it throws. */
  readonly restartable?: (error: unknown) => boolean;
  /** Told what happens; if it throws, the supervisor closes and fails with that. */
  readonly onEvent?: (event: SupervisorEvent) => void;
  /** How long a killed child may take to end before it is abandoned, in milliseconds; 5,000 when absent. */
  readonly killGraceMs?: number;
}

/**
 * The plan that the rules work on.
 *
 * @throws MillraceError USAGE if names repeat or figures contradict each other
 */
export function planOf(options: SupervisorOptions): SupervisionPlan {
  checkRestartPolicy(options);
  checkBackoff(options.backoff);
  checkNames(options);
  const { name, strategy, intensity, periodMs, children, restartable, backoff, random } = options;
  return {
    name,
    strategy,
    children,
    policy: { intensity, periodMs },
    restartable: (error) => judges(restartable, error),
    delayMs: (restartsBefore) => backoffDelayMs(backoff, restartsBefore, random),
  };
}

function judges(restartable: SupervisorOptions["restartable"], error: unknown): boolean {
  try {
    return restartable?.(error) ?? true;
  } catch {
    return false;
  }
}

function checkNames({ name, children }: SupervisorOptions): void {
  const names = new Set(children.map((child) => child.name));
  if (names.size === children.length) return;
  throw new MillraceError("USAGE", `supervisor ${name}: two children have the same name`);
}
