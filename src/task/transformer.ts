/** Runs the user's transform on one record and turns whatever it does into an {@link Outcome}. */
import { atOnce, type Gate } from "./gate.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { thrownOutcome } from "./thrown-outcome.ts";
import type { UserFunction } from "./user-module.ts";

/** A record's way through the transform. */
export type Transformer = (record: unknown) => Outcome;

/** The transform of a job that has none. */
export const identity: Transformer = (record) => ({ kind: "outputs", outputs: [record] });

/** What a transformer is made of. */
export interface TransformerParts {
  readonly transform: UserFunction;
  /** The real path of the file the transform came from, for telling the user's own line. */
  readonly file: string;
  readonly gate: Gate | null;
  readonly context: unknown;
}

/** The transformer of mode record; it throws MillraceError TRANSFORM_INVALID where the user's function gives a promise. */
export function transformer({ transform, file, gate, context }: TransformerParts): Transformer {
  const call = (record: unknown): Outcome => {
    let returned: unknown;
    try {
      returned = transform(record, context);
    } catch (thrown) {
      return thrownOutcome(thrown, file, "transform");
    }
    return outcomeOf(returned);
  };
  if (gate === null) return call;
  return (record) => {
    const admission = atOnce(gate(record, context), file);
    return admission.kind === "rejected" ? admission : call(admission.record);
  };
}
