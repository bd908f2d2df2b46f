/** What `context.reject(reason)` throws. */

/**
 * Ends the transform of one record: the record becomes a reject with this reason.
 *
 * It is made without a stack, which nobody reads and which would cost as much as the rest of the record's way.
 */
export class RejectSignal extends Error {
  override readonly name = "RejectSignal";

  constructor(reason: string) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(reason);
    Error.stackTraceLimit = stackTraceLimit;
  }
}
