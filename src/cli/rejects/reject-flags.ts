/** Which rejects are meant, from the options that all of their commands have. */
import type { RejectStage } from "../../core/reject.ts";
import type { RejectWish } from "../../pipeline/rejects/reject-wish.ts";
import type { ValueFlags } from "../run-values.ts";
import type { StateFlags } from "../state-place.ts";
import { usageError } from "../usage-error.ts";

/** The options, as the command line gives them. */
export interface RejectFlags extends ValueFlags, StateFlags {
  readonly run?: string;
  readonly stage?: string;
  readonly code?: string;
}

const STAGES: readonly RejectStage[] = ["decode", "validate", "transform", "aggregate", "write"];

/** @throws MillraceError USAGE when there is no such stage */
export function wishOf({ run, stage, code }: RejectFlags): RejectWish {
  const known = STAGES.find((name) => name === stage);
  if (stage !== undefined && known === undefined) {
    throw usageError(`--stage takes ${STAGES.join(", ")}; got ${JSON.stringify(stage)}`);
  }
  return {
    ...(run === undefined ? {} : { run }),
    ...(known === undefined ? {} : { stage: known }),
    ...(code === undefined ? {} : { code }),
  };
}
