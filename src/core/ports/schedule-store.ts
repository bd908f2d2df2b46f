/** Slots as they are kept: each nominal time of a schedule once, whoever plans it, runs it or dies at it. */

/**
 * How a slot stands.
 *
 * `due`: to be started. `started`: somebody runs it, or died at it; its run's lease tells which. The others are ends:
 * `missed` was never tried (nobody was up, or it was too late), `skipped` gave way to a run that was under way, `cancelled`
 * was ended by somebody.
 */
export type SlotState = "due" | "started" | "succeeded" | "failed" | "missed" | "skipped" | "cancelled";

/** The states in which something is still to be done about a slot. */
export const OPEN_SLOTS: readonly SlotState[] = ["due", "started"];

/** Whether something is still to be done about a slot. */
export function isOpenSlot({ state }: Pick<SlotRow, "state">): boolean {
  return OPEN_SLOTS.includes(state);
}

/** A slot of a job. (job, slot) is its identity. */
export interface SlotRow {
  readonly job: string;
  /** The nominal time as runs and `${slot.time}` spell it: ISO 8601 with an offset. */
  readonly slot: string;
  /** The same as milliseconds since 1970: the order of a job's slots. */
  readonly at: number;
  readonly state: SlotState;
  /** What planned it: `cron`, `interval`, `after`, `watch`, `once`, `backfill`. */
  readonly trigger: string;
  /** Why it is not an ordinary end, for people; null where there is nothing to say. */
  readonly reason: string | null;
  /** The id of its run, as far as one has ended. */
  readonly run: string | null;
  /** How often it was taken. Who takes it raises this; who has taken it changes it only while this is still his. */
  readonly attempt: number;
  /** Whole milliseconds since 1970, as all times here. */
  readonly plannedAt: number;
  readonly endedAt: number | null;
}

/** A slot as it is planned: to be run, or one that never will be. */
export interface NewSlot extends Pick<SlotRow, "slot" | "at" | "trigger" | "reason"> {
  readonly state: Extract<SlotState, "due" | "missed">;
}

/** How far a job's slots are planned. */
export interface ScheduleRow {
  readonly job: string;
  /** What the slots were planned by; another one begins anew. null: nothing is planned, the job is only paused. */
  readonly fingerprint: string | null;
  /** Where planning goes on; opaque here. null: it has not begun. */
  readonly cursor: string | null;
  /** Why no slot of it is started; null: they are. */
  readonly paused: string | null;
}

/** Which slots. */
export interface SlotFilter {
  readonly job?: string;
  readonly states?: readonly SlotState[];
  /** Only slots before this instant, milliseconds since 1970. */
  readonly before?: number;
  /** By `at`; newest first by default. */
  readonly oldestFirst?: boolean;
  readonly limit: number;
}

/** Who takes a slot. */
export interface SlotTaking {
  readonly job: string;
  readonly slot: string;
  /** As it was read. */
  readonly attempt: number;
  /** Not while another slot of the job is `started`. */
  readonly alone: boolean;
}

/** What becomes of a taken slot; `due` hands it back. */
export interface SlotEnd {
  readonly job: string;
  readonly slot: string;
  readonly attempt: number;
  readonly state: Exclude<SlotState, "started">;
  readonly reason: string | null;
  readonly run: string | null;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Keeps slots. Every promise resolves only when the change is durable; several processes may share one. */
export interface ScheduleStore {
  findSchedule(job: string): Promise<ScheduleRow | undefined>;
  /**
   * Moves a job's cursor and keeps the slots that lie behind it, in one step. A slot that is kept already stays as it is.
   *
   * @param from the cursor as it was read
   * @param now milliseconds since 1970
   * @returns false, and nothing is changed, where the cursor is another one by now
   */
  planSlots(
    job: string,
    from: string | null,
    to: { readonly fingerprint: string; readonly cursor: string },
    slots: readonly NewSlot[],
    now: number,
  ): Promise<boolean>;
  /**
   * Keeps slots beside the schedule, due at once whatever they say. One that has ended otherwise than `succeeded` is due
   * again: planned now, by this trigger and for this reason; its instant, attempt and run stay.
   */
  addSlots(job: string, slots: readonly NewSlot[], now: number): Promise<void>;
  /** Pauses a job (why), or lets it go on (null); also one that has no schedule. */
  pauseSchedule(job: string, reason: string | null): Promise<void>;
  /** Forgets the cursor and every slot that has not succeeded: planning begins anew. A job that is paused stays so. */
  forgetSchedule(job: string): Promise<void>;
  /** Newest first by `at`; those of one instant by job and slot. */
  listSlots(filter: SlotFilter): Promise<readonly SlotRow[]>;
  /**
   * A slot becomes `started`, with its attempt raised by one; also one that is `started`, once its taker is known to be dead.
   *
   * @returns false, and nothing is changed, where its attempt is another one by now, where it has ended or is not kept, or
   *   where it was to be alone and is not
   */
  takeSlot(taking: SlotTaking): Promise<boolean>;
  /**
   * Ends or hands back a slot that is `started`, or ends one that is `due` without its having been taken.
   *
   * @returns false, and nothing is changed, where its attempt is another one by now, or where it has ended or is not kept
   */
  endSlot(end: SlotEnd): Promise<boolean>;
}
