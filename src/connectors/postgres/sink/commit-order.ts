/** Units commit in the order in which their commits are asked for, whatever connection they are on. */
import { MillraceError } from "../../../core/errors.ts";

/**
 * Lets one commit begin its work only when the one asked for before it has succeeded.
 *
 * Two units fill side by side, but the later one's compare-and-set expects what the earlier one leaves behind.
 */
export class CommitOrder {
  /** Whether the latest commit that is still under way will have succeeded. */
  #latest: Promise<boolean> | undefined;

  /**
   * Takes its place in the order at once, runs `prepare` beside the commits before it, and `work` behind them. Throws what
   * they throw.
   *
   * @throws MillraceError SINK_UNAVAILABLE when the commit before it failed: begin both anew
   */
  async run(prepare: () => Promise<void>, work: () => Promise<void>): Promise<void> {
    const before = this.#latest;
    const outcome = Promise.withResolvers<boolean>();
    this.#latest = outcome.promise;
    let succeeded = false;
    try {
      await prepare();
      if ((await before) === false) {
        throw new MillraceError(
          "SINK_UNAVAILABLE",
          "the commit unit before this one was not committed; both begin anew",
        );
      }
      await work();
      succeeded = true;
    } finally {
      if (this.#latest === outcome.promise) this.#latest = undefined;
      outcome.resolve(succeeded);
    }
  }
}
