/**
 * The supervisor's rules as a state machine: a pure function from a state and an event to a state and effects.
 *
 * A child is in one of seven states.
 *
 *   queued --> starting --> running --> doomed --> stopping --> queued | ended
 *     ^  \        ^  |          |
 *     |   delayed-+  |          |          (a child may also end by itself in any of the last four)
 *     +--------------+----------+------> ended
 *
 * `queued` waits for its turn: it starts once every earlier child is running or has ended. `delayed` sits out its
 * back-off. `starting` is inside `init`. `doomed` must be stopped but a later child is stopped first; `stopping` has been
 * told. Both know what they become (`then`). `ended` stays down, except that a group restart revives a transient one.
 *
 * After every event `advance` does what is due: (1) while children have to be stopped, stop them one at a time, the last
 * one first, and start nothing; (2) if all have ended, finish; (3) start the first child that is not up, if it is queued.
 *
 * A child that ends by itself and has to be restarted (permanent: always; transient: unless it ended normally; temporary:
 * never) is judged by the restart policy. If that bears it, its group is stopped and queued: itself (one_for_one), all
 * (one_for_all), itself and all later ones (rest_for_one). The back-off lies before the first child of the group.
 * In one_for_one the child sits it out at once, independently of the others' turns. A child that ends while it is doomed
 * or stopping was going to be ended anyway: it counts as no restart. Temporary children that a group restart stops are not
 * started again, transient ones that had ended normally are: all of the group goes back to a common beginning.
 *
 * Closing (asked to stop, out of restarts, or an error that no restart can help) is one more stop of everything, after
 * which nothing is queued.
 *
 * Unlike OTP a failed `init` is an exit like any other, also at the first start: it is restarted after its back-off, and
 * the children behind it wait.
 *
 * Source: Erlang/OTP, `supervisor.erl` (`restart/2`, `terminate_children/2`, `add_restart/1`); the back-off is Pekko's
 * `BackoffSupervisor`.
 */
import { MillraceError } from "../core/errors.ts";
import type { Exit } from "./actor.ts";
import { judgeRestart, type RestartHistory } from "./restart-policy.ts";
import {
  type Afterlife,
  type ChildRecord,
  type ChildState,
  type Closing,
  ENDED,
  isUpOrEnded,
  QUEUED,
  type RestartType,
  type SupervisionEffect,
  type SupervisionEvent,
  type SupervisionPlan,
  type SupervisionState,
  type SupervisionStep,
} from "./supervision-state.ts";

/** The transition function. Events that come too late (a delay or a readiness that no longer matters) change nothing. */
export function transition(plan: SupervisionPlan, state: SupervisionState, event: SupervisionEvent): SupervisionStep {
  const draft = new Draft(plan, state, event.nowMs);
  switch (event.kind) {
    case "begin":
      break;
    case "ready":
      if (draft.stateOf(event.child).kind === "starting") draft.setState(event.child, { kind: "running" });
      break;
    case "delay-over":
      if (draft.stateOf(event.child).kind === "delayed") start(draft, event.child, 0);
      break;
    case "exited":
      exited(draft, event.child, event.exit);
      break;
    case "close":
      close(draft, event);
      break;
  }
  advance(draft);
  const { children, history, closing, effects } = draft;
  return { state: { children, history, closing }, effects };
}

/** A transition under construction. */
class Draft {
  readonly plan: SupervisionPlan;
  readonly nowMs: number;
  readonly children: ChildRecord[];
  readonly effects: SupervisionEffect[] = [];
  history: RestartHistory;
  closing: Closing | undefined;

  constructor(plan: SupervisionPlan, state: SupervisionState, nowMs: number) {
    this.plan = plan;
    this.nowMs = nowMs;
    this.children = [...state.children];
    this.history = state.history;
    this.closing = state.closing;
  }

  record(child: number): ChildRecord {
    const record = this.children[child];
    if (record === undefined) {
      throw new MillraceError("INVARIANT", `supervisor ${this.plan.name} has no child number ${child}`);
    }
    return record;
  }

  stateOf(child: number): ChildState {
    return this.record(child).state;
  }

  setState(child: number, state: ChildState): void {
    this.change(child, { state });
  }

  change(child: number, changes: Partial<ChildRecord>): void {
    this.children[child] = { ...this.record(child), ...changes };
  }

  restartType(child: number): RestartType | undefined {
    return this.plan.children[child]?.restart;
  }
}

function exited(draft: Draft, child: number, exit: Exit): void {
  const state = draft.stateOf(child);
  if (state.kind === "doomed" || state.kind === "stopping") draft.setState(child, state.then);
  else if (wantsRestart(draft.restartType(child), exit)) restart(draft, child, exit);
  else draft.setState(child, ENDED);
}

function wantsRestart(restart: RestartType | undefined, exit: Exit): boolean {
  return restart === "permanent" || (restart === "transient" && exit.kind !== "normal");
}

function restart(draft: Draft, child: number, exit: Exit): void {
  const { plan, nowMs } = draft;
  const error = errorOf(exit);
  if (exit.kind === "failed" && !plan.restartable(exit.error)) return giveUp(draft, child, exit.error);
  const verdict = judgeRestart(plan.policy, draft.history, nowMs);
  draft.history = verdict.history;
  if (verdict.kind === "give-up") return giveUp(draft, child, exhausted(draft, child, error));
  const { startedAt, restarts } = draft.record(child);
  const inARow = nowMs - startedAt >= plan.policy.periodMs ? 0 : restarts;
  const delayMs = plan.delayMs(inARow);
  draft.change(child, { state: QUEUED, restarts: inARow + 1 });
  draft.effects.push({ kind: "restarting", child, delayMs, attempt: inARow + 1, error });
  if (plan.strategy === "one_for_one") start(draft, child, delayMs);
  else regroup(draft, plan.strategy === "one_for_all" ? 0 : child, delayMs);
}

/** Sends the children from `first` on back to the queue, by way of a stop where they live. */
function regroup(draft: Draft, first: number, delayMs: number): void {
  let pauseMs = delayMs;
  for (let child = first; child < draft.children.length; child++) {
    const temporary = draft.restartType(child) === "temporary";
    const state = draft.stateOf(child);
    // A temporary child that never had its turn keeps it.
    const then: Afterlife = temporary && state.kind !== "queued" ? ENDED : { kind: "queued", delayMs: pauseMs };
    if (then.kind === "queued") pauseMs = 0;
    settle(draft, child, then);
  }
}

/** Brings a child to `then`, at once if it is down, else after a stop. */
function settle(draft: Draft, child: number, then: Afterlife): void {
  const state = draft.stateOf(child);
  if (state.kind === "starting" || state.kind === "running") return draft.setState(child, { kind: "doomed", then });
  if (state.kind === "doomed" || state.kind === "stopping") return draft.setState(child, { kind: state.kind, then });
  if (state.kind === "delayed") draft.effects.push({ kind: "cancel-delay", child });
  draft.setState(child, then);
}

function giveUp(draft: Draft, child: number, error: unknown): void {
  draft.setState(child, ENDED);
  draft.effects.push({ kind: "gave-up", child, error });
  close(draft, { failure: { error } });
}

/** Dooms everything; the first reason to close stays. */
function close(draft: Draft, { failure }: Closing): void {
  draft.closing ??= failure === undefined ? {} : { failure };
  for (let child = 0; child < draft.children.length; child++) settle(draft, child, ENDED);
}

/** Does what is due; see the head of the file. */
function advance(draft: Draft): void {
  if (draft.children.some(({ state }) => state.kind === "stopping")) return;
  const lastDoomed = draft.children.findLastIndex(({ state }) => state.kind === "doomed");
  if (lastDoomed !== -1) return stop(draft, lastDoomed);
  if (draft.children.every(({ state }) => state.kind === "ended")) {
    draft.effects.push({ kind: "finish", ...draft.closing });
    return;
  }
  const firstDown = draft.children.findIndex((record) => !isUpOrEnded(record));
  if (firstDown === -1) return;
  const state = draft.stateOf(firstDown);
  if (state.kind === "queued") start(draft, firstDown, state.delayMs);
}

function stop(draft: Draft, child: number): void {
  const state = draft.stateOf(child);
  if (state.kind !== "doomed") return;
  draft.setState(child, { kind: "stopping", then: state.then });
  draft.effects.push({ kind: "stop", child });
}

function start(draft: Draft, child: number, delayMs: number): void {
  if (delayMs > 0) {
    draft.setState(child, { kind: "delayed" });
    draft.effects.push({ kind: "delay", child, delayMs });
    return;
  }
  draft.change(child, { state: { kind: "starting" }, startedAt: draft.nowMs });
  draft.effects.push({ kind: "start", child });
}

function errorOf(exit: Exit): unknown {
  if (exit.kind === "failed") return exit.error;
  return exit.kind === "killed" ? exit.reason : undefined;
}

function exhausted({ plan }: Draft, child: number, cause: unknown): MillraceError {
  const { intensity, periodMs } = plan.policy;
  return new MillraceError(
    "RESTARTS_EXHAUSTED",
    `supervisor ${plan.name}: more than ${intensity} restarts within ${periodMs} ms, the last one of ${plan.children[child]?.name}`,
    { cause },
  );
}
