/** What the transform made of one record. */
import type { ErrorCode } from "../core/errors.ts";

/** Outputs to be written, nothing, or a reject. */
export type Outcome =
  | { readonly kind: "outputs"; readonly outputs: readonly unknown[] }
  | { readonly kind: "filtered" }
  | { readonly kind: "rejected"; readonly code: ErrorCode; readonly message: string };

const FILTERED: Outcome = { kind: "filtered" };

/** A record that is to be rejected. */
export function rejected(code: ErrorCode, message: string): Outcome {
  return { kind: "rejected", code, message };
}

/**
 * Reads a transform's return value: null and [] filter, an array is several outputs, undefined is a forgotten return.
 */
export function outcomeOf(returned: unknown): Outcome {
  if (returned === null) return FILTERED;
  if (returned === undefined) {
    return rejected("TRANSFORM_NO_RESULT", "the transform returned nothing; return a record, or null to filter it");
  }
  if (Array.isArray(returned)) return outcomeOfArray(returned);
  if (isPromise(returned)) {
    returned.then(undefined, () => {});
    return rejected("TRANSFORM_FAILED", "the transform returned a promise; in mode record it must be synchronous");
  }
  return { kind: "outputs", outputs: [returned] };
}

function outcomeOfArray(outputs: readonly unknown[]): Outcome {
  if (outputs.length === 0) return FILTERED;
  const hole = outputs.findIndex((output) => output === undefined || output === null);
  if (hole === -1) return { kind: "outputs", outputs };
  return rejected(
    "TRANSFORM_NO_RESULT",
    `output ${hole} of ${outputs.length} is ${String(outputs[hole])}; leave it out instead`,
  );
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
