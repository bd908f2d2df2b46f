/** Runs the user's transform on one record and turns whatever it does into an {@link Outcome}. */
import { messageOf } from "../core/thrown.ts";
import { positionInModule } from "./stack-position.ts";
import { type Outcome, outcomeOf, rejected } from "./outcome.ts";
import { RejectSignal } from "./reject-signal.ts";
import type { TransformContext } from "./transform-context.ts";
import type { RecordTransform } from "./user-module.ts";

/** A record's way through the transform; never throws. */
export type Transformer = (record: unknown) => Outcome;

/** The transform of a job that has none. */
export const identity: Transformer = (record) => ({ kind: "outputs", outputs: [record] });

/** @param module the real path of the file the transform came from, for telling the user's own line */
export function transformer(transform: RecordTransform, module: string, context: TransformContext): Transformer {
  return (record) => {
    try {
      return outcomeOf(transform(record, context));
    } catch (thrown) {
      if (thrown instanceof RejectSignal) return rejected("TRANSFORM_REJECTED", thrown.message);
      const position = positionInModule(thrown, module);
      const message = messageOf(thrown);
      return rejected("TRANSFORM_FAILED", position === undefined ? message : `${position}: ${message}`);
    }
  };
}
