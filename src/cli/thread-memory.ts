/** What the engine gives the threads of a job; set by the program, never by the library. */
import { setFlagsFromString } from "node:v8";
import type { Job } from "../config/job.ts";

/**
 * What belongs to a call in flight lives until it is answered, far longer than a record. A young generation that is too
 * small for it all moves it to the old one, where collecting took more time than the calls themselves.
 */
const ROOM_FOR_CALLS = "--min-semi-space-size=16";

/** To be called before the job's threads start. */
export function prepareThreadMemory({ transform }: Job): void {
  if (transform?.mode === "async") setFlagsFromString(ROOM_FOR_CALLS);
}
