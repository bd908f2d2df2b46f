/** Which slots of a job need not be run. */
import type { RunRow, StateStore } from "../../core/ports/state-store.ts";
import { canonicalParams } from "../../pipeline/run-identity.ts";

/** Runs that are read in one go. */
const PAGE = 500;

/**
 * The slots for which a run with these parameters has succeeded, as far as history is kept.
 *
 * @throws MillraceError STATE_UNAVAILABLE
 */
export async function succeededSlots(
  store: Pick<StateStore, "listRuns">,
  job: string,
  params: { readonly [name: string]: string },
): Promise<ReadonlySet<string>> {
  const wanted = canonicalParams(params);
  const slots = new Set<string>();
  let before: string | undefined;
  do {
    const rows: readonly RunRow[] = await store.listRuns({
      ...{ job, states: ["succeeded"], limit: PAGE },
      ...(before === undefined ? {} : { before }),
    });
    for (const { slot, params: own } of rows) if (slot !== null && own === wanted) slots.add(slot);
    before = rows.length < PAGE ? undefined : rows.at(-1)?.id;
  } while (before !== undefined);
  return slots;
}
