/** Resume words of a spool: an entry and one of its records. */
import { MillraceError } from "../../core/errors.ts";

/** A record of an entry; behind an entry's last one stands the first of the next. */
export interface SpoolPlace {
  /** 0: wherever the spool begins. */
  readonly id: bigint;
  readonly record: number;
}

/** The word of a place. */
export function placeWord({ id, record }: SpoolPlace): string {
  return `${id}:${record}`;
}

/** @throws MillraceError SOURCE_CHANGED for another source's word */
export function placeOf(word: string): SpoolPlace {
  const { id, record } = /^(?<id>\d{1,19}):(?<record>\d{1,9})$/.exec(word)?.groups ?? {};
  if (id !== undefined && record !== undefined) return { id: BigInt(id), record: Number(record) };
  throw new MillraceError(
    "SOURCE_CHANGED",
    `"${word}" is no place in a webhook's spool: the position is of another kind of source`,
  );
}
