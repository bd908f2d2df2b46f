/** What the main side and a thread say to each other. */
import type { RecorderHandle } from "./flight-recorder.ts";
import type { PackedError } from "./thread-error.ts";

/** To a thread. */
export type ThreadRequest<Task> =
  | { readonly type: "task"; readonly task: Task; readonly slot: RecorderHandle }
  /** Asks for nothing: makes piscina fill up its threads. */
  | { readonly type: "nudge" }
  /** The last message of a thread's life. */
  | { readonly type: "farewell" };

/** From a thread: an error that a task threw is a reply too, so that a rejection always means a dead thread. */
export type ThreadReply<Result> =
  | { readonly type: "done"; readonly result: Result }
  | { readonly type: "thrown"; readonly error: PackedError };
