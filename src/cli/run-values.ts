/** What a job's `${param.name}` and `${slot.date}` stand for, from the options of a command. */
import type { RunValues } from "../config/read-job.ts";
import { parseParams, parseSlot } from "./options.ts";
import type { CliProcess } from "./terminal.ts";

/** The options that give values. */
export interface ValueFlags {
  readonly param?: readonly string[];
  readonly slot?: string;
}

/** All that a run may ask for. */
export interface GivenValues extends RunValues {
  readonly params: { readonly [name: string]: string };
  /** null: there is none. */
  readonly slot: string | null;
}

/**
 * The values of a run: what the job asks for and nobody has given is a fault.
 *
 * @throws MillraceError USAGE
 */
export function givenValues({ param = [], slot }: ValueFlags, environment: CliProcess["env"]): GivenValues {
  return { params: parseParams(param), slot: slot === undefined ? null : parseSlot(slot), environment };
}

/**
 * The values for a look at a job: what is not given stays open.
 *
 * @throws MillraceError USAGE
 */
export function openValues({ param = [], slot }: ValueFlags, environment: CliProcess["env"]): RunValues {
  return {
    params: param.length === 0 ? undefined : parseParams(param),
    slot: slot === undefined ? undefined : parseSlot(slot),
    environment,
  };
}
