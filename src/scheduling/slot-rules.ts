/** What becomes of slots: how late ones are caught up with, and what happens when one comes due while another is run. */
import type { Trigger } from "./options.ts";

/** The rules of one job. Times are milliseconds. */
export interface SlotRules {
  /** Which of the late slots are run: the newest, none, all, or at most so many. */
  readonly catchUp: "latest" | "skip" | "all" | { readonly all: number };
  /** Slots further back are missed. */
  readonly catchUpWindowMs: number;
  /** A slot that cannot be started within this time is missed; null: it waits. */
  readonly startDeadlineMs: number | null;
  readonly overlap: "skip" | "bufferOne" | "bufferAll" | "cancelOther" | "allow";
  /** A slot is started so much later at most. */
  readonly jitterMs: number;
  readonly onFailure: "resume" | "newRun" | "pauseSchedule";
}

/** Nothing that has happened is dropped, and one run comes after the other. */
const EVENTS: SlotRules = {
  catchUp: "all",
  catchUpWindowMs: Number.POSITIVE_INFINITY,
  startDeadlineMs: null,
  overlap: "bufferAll",
  jitterMs: 0,
  onFailure: "resume",
};

/** The rules that a job's trigger states; those of triggers that state none are fixed. */
export function rulesOf(trigger: Trigger): SlotRules {
  switch (trigger.type) {
    case "cron":
    case "interval": {
      const { catchUp, catchUpWindow, startDeadline = null, overlap, jitter, onFailure } = trigger;
      return {
        ...{ catchUp, catchUpWindowMs: catchUpWindow, startDeadlineMs: startDeadline },
        ...{ overlap, jitterMs: jitter, onFailure },
      };
    }
    // One run takes all the files that are there: a second one that waits is enough.
    case "watch":
    case "continuous":
      return { ...EVENTS, overlap: "bufferOne" };
    default:
      return EVENTS;
  }
}
