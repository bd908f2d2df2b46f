/** What every sink has to do, so that what is written takes effect once whatever happens on the way. */
import { openMemoryStore } from "../../state/memory.ts";
import { casesOf, type ConformanceCase } from "./case.ts";
import { crashCases } from "./sink/crashes.ts";
import { fenceCases } from "./sink/fences.ts";
import { lettingGoCases } from "./sink/letting-go.ts";
import { lostReplyCases } from "./sink/lost-replies.ts";
import { refusalCases } from "./sink/refusals.ts";
import { rejectCases } from "./sink/rejects.ts";
import { SinkStage } from "./sink/stage.ts";
import type { SinkSubject } from "./sink/subject.ts";
import { unitCases } from "./sink/units.ts";

export type { SinkSubject } from "./sink/subject.ts";

/**
 * The cases of a sink.
 *
 * @example
 * for (const { name, run } of sinkCases(subject)) test(name, run);
 */
export function sinkCases<World extends AsyncDisposable>(subject: SinkSubject<World>): readonly ConformanceCase[] {
  const cases = [
    ...unitCases,
    ...crashCases,
    ...fenceCases,
    ...lettingGoCases,
    ...rejectCases,
    ...(subject.refused === undefined ? [] : refusalCases(subject.refused())),
    ...(subject.loseReply === undefined ? [] : lostReplyCases),
  ];
  return casesOf(
    () => subject.open(),
    cases.map(({ name, run }) => ({
      name: `sink: ${name}`,
      run: async (world: World) => {
        await using state = openMemoryStore();
        await run(new SinkStage(subject, world, state));
      },
    })),
  );
}
