/** What the transform made of one record. */
import { type ErrorCode, MillraceError } from "../core/errors.ts";
import type { RejectStage } from "../core/reject.ts";
import { reasonOf } from "./rejection.ts";

/** A record that ends as a reject. */
export interface Rejected {
  readonly kind: "rejected";
  readonly stage: RejectStage;
  readonly code: ErrorCode;
  readonly message: string;
}

/** What a record became, and where it goes. */
export interface Outputs {
  readonly outputs: readonly unknown[];
  /** The sinks that each output goes to; absent: all go to all. */
  readonly routes?: readonly (readonly string[])[];
}

/** Outputs to be written, nothing, or a reject. */
export type Outcome = ({ readonly kind: "outputs" } & Outputs) | { readonly kind: "filtered" } | Rejected;

const FILTERED: Outcome = { kind: "filtered" };

/** A record that is to be rejected. */
export function rejected(stage: RejectStage, code: ErrorCode, message: string): Rejected {
  return { kind: "rejected", stage, code, message };
}

/**
 * Reads what a transform gave for a record: null and [] filter, an array is several outputs, `reject(..)` rejects,
 * undefined is a forgotten return.
 *
 * @throws MillraceError TRANSFORM_INVALID for a promise
 */
export function outcomeOf(returned: unknown): Outcome {
  if (returned === null) return FILTERED;
  if (returned === undefined) {
    return rejected(
      "transform",
      "TRANSFORM_NO_RESULT",
      "the transform returned nothing; return a record, or null to filter it",
    );
  }
  if (typeof returned !== "object") return { kind: "outputs", outputs: [returned] };
  if (Array.isArray(returned)) return outcomeOfArray(returned);
  if (isPromise(returned)) {
    returned.then(undefined, () => {});
    throw new MillraceError(
      "TRANSFORM_INVALID",
      "the transform returned a promise, which only mode async can wait for; set transform.mode to async",
    );
  }
  const reason = reasonOf(returned);
  return reason === undefined ? { kind: "outputs", outputs: [returned] } : refused(reason);
}

/** What the transform itself rejects. */
export function refused(reason: string): Rejected {
  return rejected("transform", "TRANSFORM_REJECTED", reason);
}

/** The outputs that go to one sink. */
export function outputsFor({ outputs, routes }: Outputs, sink: string): readonly unknown[] {
  return routes === undefined ? outputs : outputs.filter((_, index) => routes[index]?.includes(sink));
}

function outcomeOfArray(outputs: readonly unknown[]): Outcome {
  if (outputs.length === 0) return FILTERED;
  for (const [index, output] of outputs.entries()) {
    if (output === undefined || output === null) {
      const what = `output ${index} of ${outputs.length} is ${String(output)}; leave it out instead`;
      return rejected("transform", "TRANSFORM_NO_RESULT", what);
    }
    const reason = reasonOf(output);
    if (reason !== undefined) return refused(reason);
  }
  return { kind: "outputs", outputs };
}

/** Whether something has to be awaited. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
