/** Where some sinks of a run stand further on than others, when its actors start. */
import type { Position } from "../core/position.ts";
import type { Progress } from "../core/ports/sink.ts";

/**
 * By split, the sinks that are ahead of the one that is furthest behind, and where. A split in which all stand at the same
 * ordinal is not in it, so for a job of one sink it is empty.
 */
export type HeadStarts = ReadonlyMap<string, ReadonlyMap<string, Position>>;

/** Where reading begins in each split, and who needs only what comes later. */
export interface Beginnings {
  /** Positions of the sink that is furthest behind, by split. */
  readonly positions: ReadonlyMap<string, Position>;
  readonly headStarts: HeadStarts;
}

/** @param progress every sink's durable positions */
export function beginningsOf(progress: ReadonlyMap<string, readonly Progress[]>): Beginnings {
  const positions = new Map<string, Position>();
  for (const rows of progress.values()) {
    for (const { split, position } of rows) {
      const other = positions.get(split);
      if (other === undefined || position.ordinal < other.ordinal) positions.set(split, position);
    }
  }
  const headStarts = new Map<string, Map<string, Position>>();
  for (const [sink, rows] of progress) {
    for (const { split, position } of rows) {
      if (position.ordinal === positions.get(split)?.ordinal) continue;
      const ahead = headStarts.get(split) ?? new Map<string, Position>();
      headStarts.set(split, ahead.set(sink, position));
    }
  }
  return { positions, headStarts };
}
