/** What the scheduler asks of whoever runs jobs. */

/** What came of the run of a slot. */
export type SlotOutcome =
  | { readonly state: "succeeded"; readonly run: string }
  | { readonly state: "failed"; readonly run: string | null; readonly reason: string }
  /** Somebody ended it, and it is not to be gone on with. */
  | { readonly state: "cancelled"; readonly run: string | null; readonly reason: string }
  /** It stopped before its end and is to be gone on with: this process stops, or another one has the run. */
  | { readonly state: "due"; readonly run: string | null; readonly reason: string };

/** Runs slots. */
export interface Launcher {
  /**
   * Runs a slot: goes on with its unfinished run, begins one, or finds that it has succeeded. Never rejects.
   *
   * @param superseded aborted, with a reason for people: end it in order, a later slot takes its place
   */
  launch(
    job: string,
    slot: { readonly slot: string; readonly trigger: string },
    superseded: AbortSignal,
  ): Promise<SlotOutcome>;
  /** Whether somebody, in this process or another one, is at the run of a slot. */
  isUnderWay(job: string, slot: string): Promise<boolean>;
}
