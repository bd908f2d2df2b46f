/** Where the slots of a job come from: a timetable, another job's successes, files that arrive. */

/** A nominal time that came due. */
export interface DueSlot {
  /** ISO 8601 with an offset, as `${slot.time}` spells it. */
  readonly slot: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What came due behind a cursor. */
export interface DueSlots {
  /** Oldest first; all of them, also those that nobody was up for. */
  readonly slots: readonly DueSlot[];
  /** Where the next look begins. */
  readonly cursor: string;
}

/** The slots of one job. It keeps nothing itself: the cursor, opaque text that the state store keeps, says what was seen. */
export interface SlotSource {
  /** `cron`, `interval`, `after`, `watch`, `once`, `continuous`: the trigger that its runs show. */
  readonly trigger: string;
  /** Tells two schedules apart: with another one planning begins anew at {@link start}. */
  readonly fingerprint: string;
  /**
   * The cursor of a job that has none: nothing that happened before `now` is due; what is there to be worked on, as files
   * are, is.
   *
   * @param now milliseconds since 1970
   */
  start(now: number): Promise<string> | string;
  /** What came due up to `now`. @throws MillraceError where it cannot be told just now, to be asked again */
  due(cursor: string, now: number): Promise<DueSlots> | DueSlots;
  /** The next instant at which something may come due, ms since 1970; null: only what {@link wake} tells. */
  next(cursor: string, now: number): number | null;
  /** Calls `listener` whenever something may have come due before its time. */
  wake?(listener: () => void): Disposable;
}
