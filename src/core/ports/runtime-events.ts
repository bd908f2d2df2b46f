/** What a runtime tells beside the events of its runs: logger, metrics, alerts and the event stream are subscribers. */
import type { RunEvent } from "./observer.ts";
import type { SlotState } from "./schedule-store.ts";

/** One thing that happened around the runs. `at` is the clock's milliseconds since 1970. */
export type HostEvent = {
  readonly at: number;
} /** A slot has got to a state: planned (`due`), taken, ended, passed over. */ & (
  | {
      readonly kind: "slot";
      readonly job: string;
      readonly slot: string;
      readonly state: SlotState;
      readonly trigger: string;
      readonly reason: string | null;
      readonly run: string | null;
    }
  /** Nothing of the job is started until it goes on. `reason`: null, it goes on. */
  | { readonly kind: "job-paused"; readonly job: string; readonly reason: string | null }
  /** A run of the job could not even begin; its trigger tries again. */
  | {
      readonly kind: "start-failed";
      readonly job: string;
      readonly code: string;
      readonly message: string;
      /** What the message leaves out, from the fault's causes; not there where it says all. */
      readonly causes?: readonly string[];
    }
  /** Something beside the runs does not work just now and is tried again: the state store, a folder that is watched. */
  | {
      readonly kind: "trouble";
      readonly job: string | null;
      readonly code: string;
      readonly message: string;
      readonly causes?: readonly string[];
    }
  /** Another set of jobs holds from now on. */
  | {
      readonly kind: "reloaded";
      readonly added: readonly string[];
      readonly changed: readonly string[];
      readonly removed: readonly string[];
    }
  /** A new version of the config was refused, and the old one stays. */
  | { readonly kind: "reload-refused"; readonly message: string }
  /** An alert has begun or ended. */
  | {
      readonly kind: "alert";
      readonly job: string;
      readonly alert: string;
      readonly firing: boolean;
      readonly message: string;
    }
  /** Nothing new is started any more. */
  | { readonly kind: "stopping"; readonly deadlineMs: number }
);

/** Any event of a runtime. */
export type RuntimeEvent = RunEvent | HostEvent;

/** The kinds of events that are not a run's. */
const HOST_KINDS: ReadonlySet<string> = new Set<HostEvent["kind"]>([
  ...(["slot", "job-paused", "start-failed", "trouble", "reloaded", "reload-refused", "alert", "stopping"] as const),
]);

/** Whether an event is one of the runtime around the runs. */
export function isHostEvent(event: RuntimeEvent): event is HostEvent {
  return HOST_KINDS.has(event.kind);
}

/** A subscriber. It must be quick and must not throw; what it throws is dropped. */
export type RuntimeObserver = (event: RuntimeEvent) => void;
