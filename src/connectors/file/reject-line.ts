/** The head of a line of a rejects file: whose record it is. What follows it may be megabytes of raw bytes. */
import type { Reject } from "../../core/reject.ts";

/** What of a reject decides whether a resumed run keeps it. */
export interface RejectPlace extends Pick<Reject, "run" | "split"> {
  readonly ordinal: bigint;
}

/** More than the head of a line ever has: a job's name, a run's id, a path, a number. */
export const LINE_HEAD_BYTES = 64 * 1024;

const TEXT = String.raw`"[^"\\]*(?:\\.[^"\\]*)*"`;

/** As `rejectToJson` writes it. */
const LINE_HEAD = new RegExp(
  `^\\{"job":${TEXT},"run":(?<run>${TEXT}),"scope":${TEXT},"split":(?<split>${TEXT}),"position":\\{"ordinal":(?<ordinal>\\d+),`,
);

/** Reads the head of a line; undefined for what is no reject of ours. */
export function parseRejectPlace(lineHead: string): RejectPlace | undefined {
  const groups = LINE_HEAD.exec(lineHead)?.groups;
  if (groups === undefined) return undefined;
  const { run = "", split = "", ordinal = "" } = groups;
  return { run: JSON.parse(run) as string, split: JSON.parse(split) as string, ordinal: BigInt(ordinal) };
}
