/** When jobs last succeeded, as the state store knows: what a process that has just begun cannot know by itself. */
import type { StateStore } from "../core/ports/state-store.ts";

/**
 * When a run of each job last succeeded, milliseconds since 1970; jobs of which no such run is kept are missing.
 *
 * @throws MillraceError STATE_UNAVAILABLE
 */
export async function newestSuccesses(
  state: Pick<StateStore, "listRuns">,
  jobs: readonly string[],
): Promise<Map<string, number>> {
  const found = await Promise.all(
    jobs.map(async (job): Promise<[job: string, at: number]> => {
      const [run] = await state.listRuns({ job, states: ["succeeded"], limit: 1 });
      return [job, Date.parse(run?.endedAt ?? "")];
    }),
  );
  return new Map(found.filter(([, at]) => !Number.isNaN(at)));
}
