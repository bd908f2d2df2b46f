/** What the engine gives the threads of a job; set by the program, never by the library. */
import { setFlagsFromString } from "node:v8";
import type { Job } from "../config/job.ts";

/**
 * What belongs to a call in flight lives until it is answered, far longer than a record. A young generation that is too
 * small for it all moves it to the old one, where collecting took more time than the calls themselves; and what dies there
 * is not worth a look as soon as main.ts asks for it (0: the engine decides), which cost an eighth of the time. So large a
 * generation is worth its helpers again.
 */
const ROOM_FOR_CALLS = ["--min-semi-space-size=16", "--heap-growing-percent=0", "--parallel-scavenge"];

/**
 * A request in flight lives until it is answered: as above, but in the thread that talks to the other side, whose young
 * generation main.ts keeps from growing.
 */
const ROOM_FOR_REQUESTS = ["--semi-space-growth-factor=2"];

/** To be called before the job's threads start. */
export function prepareThreadMemory(job: Job): void {
  prepareRequestMemory(job);
  if (job.transform?.mode === "async") for (const flag of ROOM_FOR_CALLS) setFlagsFromString(flag);
}

/** To be called before the job takes or sends requests. */
export function prepareRequestMemory({ source, sinks }: Pick<Job, "source" | "sinks">): void {
  const hasMany = source.type === "webhook" || Object.values(sinks).some(({ type }) => type === "http");
  if (hasMany) for (const flag of ROOM_FOR_REQUESTS) setFlagsFromString(flag);
}
