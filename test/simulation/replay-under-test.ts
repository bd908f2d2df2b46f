/** One replay of a simulated job, and what is held against it. */
import { REPLAY_SCOPE, type StoredReject } from "../../src/core/ports/reject-shelf.ts";
import type { Reject } from "../../src/core/reject.ts";
import { rejectKey, type ReplayTruth } from "./replay-truth.ts";

/** What a {@link ReplayUnderTest} looks at. */
export interface ReplayUnderTestOptions {
  readonly truth: ReplayTruth;
  /** All rejects that somebody would be shown now, wherever they are, with those that the replay has refused again. */
  readonly kept: () => Promise<readonly (Reject | StoredReject)[]>;
  /** The rows that can be seen in a sink now. */
  readonly rowsOf: (sink: string) => readonly string[];
  readonly violate: (message: string) => void;
}

/** Holds a replay to what it promises about rejects. */
export class ReplayUnderTest {
  readonly #options: ReplayUnderTestOptions;

  constructor(options: ReplayUnderTestOptions) {
    this.#options = options;
  }

  /** No reject is gone before its record can be seen in every sink that lacked it, or is a reject again. */
  async checkNothingLost(): Promise<void> {
    const { truth, kept, rowsOf, violate } = this.#options;
    const rejects = await kept();
    const keys = new Set(rejects.map(rejectKey));
    // What is refused again bears the number of what it was until it is settled.
    const again = new Set(
      rejects.filter(({ scope }) => scope.startsWith(REPLAY_SCOPE)).map(({ position }) => position.token),
    );
    const rows = new Map(truth.lacking.map((sink) => [sink, new Set(rowsOf(sink))]));
    for (const { origin, rows: due, becomes } of truth.tried) {
      if (keys.has(rejectKey(origin))) continue;
      const where = `the reject of ${origin.split} at ${origin.position.token} is gone`;
      const left = becomes.find((reject) => !keys.has(rejectKey(reject)) && !again.has(String(origin.id)));
      if (left !== undefined) violate(`${where}, but it was refused again (${left.code})`);
      for (const [sink, expected] of due) {
        const missing = expected.find((row) => !rows.get(sink)?.has(row));
        if (missing !== undefined) violate(`${where}, but ${sink} has no row ${missing}`);
      }
    }
  }

  /**
   * What was refused again is there with one more attempt, and nothing else.
   *
   * @param byZombies whether a process may have woken up since, and put a reject of its own into the replay's scope, which
   *   is shown to nobody: rejects of no sink in particular are kept before anything tells who owns the run
   */
  async checkEnd(byZombies: boolean): Promise<void> {
    const { truth, kept, violate } = this.#options;
    const isMeant = ({ scope }: Reject): boolean => !(byZombies && scope.startsWith(REPLAY_SCOPE));
    const due = truth.tried.flatMap(({ becomes }) => becomes.map(tellReject)).toSorted();
    const got = (await kept()).filter(isMeant).map(tellReject).toSorted();
    const wrong = due.find((text) => !got.includes(text)) ?? got.find((text) => !due.includes(text));
    if (wrong !== undefined || due.length !== got.length)
      violate(`${due.length} rejects are left to be, ${got.length} are there; one that is not in both: ${wrong}`);
  }
}

function tellReject(reject: Reject | StoredReject): string {
  const { position, stage, code, attempts, line, raw } = reject;
  const taken = "takenBy" in reject && reject.takenBy !== undefined ? "taken" : "free";
  const { ordinal } = position;
  return `${rejectKey(reject)} ${ordinal} ${stage} ${code} attempts ${attempts} line ${line} ${taken} ${raw.slice(0, 80)}`;
}
