/** The error of a task whose thread ended under it. */
import { MillraceError } from "../../core/errors.ts";
import type { RosterThread } from "./thread-roster.ts";

/** What a thread died of: it ended itself or was killed, it stood still, or its heap was full. */
export type ThreadFaultKind = "crash" | "hang" | "memory";

/** The `details` of a THREAD_FAILED error. */
export interface ThreadFaultDetails {
  readonly kind: ThreadFaultKind;
  /** Index within the task of the record that was being worked on; null where no record of this task is to blame. */
  readonly recordIndex: number | null;
  readonly threadId: number;
}

/** What this thread died of. */
export function faultKindOf(thread: RosterThread): ThreadFaultKind {
  if (thread.hung) return "hang";
  const { error } = thread;
  return error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY" ? "memory" : "crash";
}

/** The THREAD_FAILED error for a task of that thread. */
export function threadFault(pool: string, thread: RosterThread, recordIndex: number | null): MillraceError {
  const details: ThreadFaultDetails = { kind: faultKindOf(thread), recordIndex, threadId: thread.threadId };
  const place = recordIndex === null ? "" : ` at record ${recordIndex} of its task`;
  return new MillraceError("THREAD_FAILED", `a thread of pool "${pool}" ${whatHappened(thread)}${place}`, {
    details: { ...details },
    cause: thread.error ?? undefined,
  });
}

/** The details of a THREAD_FAILED error, or undefined for any other. */
export function threadFaultDetails(error: unknown): ThreadFaultDetails | undefined {
  if (!(error instanceof MillraceError) || error.code !== "THREAD_FAILED") return undefined;
  return error.details as unknown as ThreadFaultDetails;
}

function whatHappened(thread: RosterThread): string {
  switch (faultKindOf(thread)) {
    case "hang":
      return "made no progress and was ended";
    case "memory":
      return "ran out of memory";
    case "crash":
      return thread.error
        ? `died of ${thread.error.name}: ${thread.error.message}`
        : `exited with code ${thread.exitCode}`;
  }
}
