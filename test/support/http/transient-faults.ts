/** Every fault that passes by itself, and limits of time that make a client notice those that keep silent. */
import type { Fault, RetryAfter } from "./fault.ts";

/** For the job's `timeout`: long enough for a busy machine, short enough for a test. */
export const IMPATIENT = { connect: "2s", headers: "400ms", idle: "400ms" } as const;

const HOUR_MS = 3_600_000;

const refused = (status: number, retryAfter?: RetryAfter): Fault => ({
  does: "refuse",
  status,
  body: "busy",
  ...(retryAfter !== undefined && { retryAfter }),
});

/** Instead of an answer; the server has not acted. */
export const REFUSALS: readonly Fault[] = [
  ...[408, 425, 429, 500, 502, 503, 504].map((status) => refused(status)),
  refused(429, { ms: 0, as: "seconds" }),
  refused(429, { ms: 0, as: "date" }),
  // A wait that is counted by our clock would end in an hour.
  refused(503, { ms: 0, as: "date", skewMs: HOUR_MS }),
  refused(503, { ms: 0, as: "date", skewMs: -HOUR_MS }),
  { does: "reset" },
];

/** The answer does not come whole. */
export const BROKEN_ANSWERS: readonly Fault[] = [
  { does: "lose" },
  { does: "fail-after", status: 502 },
  { does: "cut", framing: "length" },
  { does: "cut", framing: "length", after: 0 },
  { does: "cut", framing: "chunked" },
];

/** Nothing comes, or nothing more, and the connection stays: each of them costs the client a limit of time. */
export const SILENCES: readonly Fault[] = [
  { does: "ignore" },
  { does: "stall", after: 2 },
  { does: "misdeclare", by: 20 },
];

/** The answer comes whole, in an unusual way. */
export const ODD_ANSWERS: readonly Fault[] = [
  { does: "hang-up" },
  { does: "delay", ms: 30 },
  { does: "trickle", bytes: 400, everyMs: 2 },
  { does: "prefix", text: "\uFEFF" },
];
