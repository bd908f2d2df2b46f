/** What `context.reject(reason)` throws. */

/** Ends the transform of one record: the record becomes a reject with this reason. */
export class RejectSignal extends Error {
  override readonly name = "RejectSignal";
}
