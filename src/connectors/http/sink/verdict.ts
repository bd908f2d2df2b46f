/** What a status means for what was sent; decision 0031. */

/** `again`: it may be taken later; `everyone`: no record is to blame. */
export type Verdict = "taken" | "refused" | "again" | "everyone";

const SUCCESS = 200;
const REDIRECT = 300;
const CLIENT_ERROR = 400;
const SERVER_ERROR = 500;

/** Request Timeout, Too Early, Too Many Requests. */
const PASSING: readonly number[] = [408, 425, 429];
/** Unauthorized, Proxy Authentication Required: the job's credentials. */
const OF_EVERYONE: readonly number[] = [401, 407];

/** @param status of a reply, or of one entry of it */
export function verdictOf(status: number): Verdict {
  if (status >= SUCCESS && status < REDIRECT) return "taken";
  if (status >= SERVER_ERROR || PASSING.includes(status)) return "again";
  return status < CLIENT_ERROR || OF_EVERYONE.includes(status) ? "everyone" : "refused";
}
