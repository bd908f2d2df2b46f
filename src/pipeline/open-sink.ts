/** A sink at work for one start of a run: its splits are claimed. */
import type { LastMoves } from "../actors/last-moves.ts";
import { MillraceError } from "../core/errors.ts";
import { REPLAY_SCOPE } from "../core/ports/reject-shelf.ts";
import type { BoundSink, Claim, Progress, SinkWriter } from "../core/ports/sink.ts";
import type { BoundSource, SplitPlan } from "../core/ports/source.ts";
import { originPosition, type ProgressKey } from "../core/position.ts";
import type { Execution } from "./execution.ts";
import { sinkHost } from "./sink-host.ts";
import { sinkMemory } from "./sink-memory.ts";

/** A sink whose splits are this process's. */
export interface ClaimedSink {
  readonly name: string;
  readonly key: ProgressKey;
  readonly bound: BoundSink;
  readonly writer: SinkWriter;
  /** Where its splits stand. */
  readonly rows: readonly Progress[];
}

/**
 * Drops the positions of the sinks that cannot go on in the middle. What was rejected for no sink in particular stays as
 * long as one sink does go on: its ledger counts it.
 */
export async function forgetBegunAnew({ bound, run: { row }, state }: Execution): Promise<void> {
  const { job, scope } = row;
  const anew = [...bound.sinks].filter(([, { resume }]) => resume === "restart");
  if (anew.length === bound.sinks.size) return state.forget({ job, scope });
  for (const [sink] of anew) await state.forget({ job, scope, sink });
}

/**
 * Opens a sink and claims its splits: from here on an earlier owner's commits miss.
 *
 * @throws MillraceError SINK_UNAVAILABLE, SINK_REFUSED, SOURCE_CHANGED
 */
export async function openSink(
  execution: Execution,
  source: BoundSource,
  { name, bound, moves }: { readonly name: string; readonly bound: BoundSink; readonly moves: LastMoves | null },
  signal: AbortSignal,
): Promise<ClaimedSink> {
  const { row, resumed } = execution.run;
  const { state } = execution;
  const key = { job: row.job, scope: row.scope, sink: name };
  const mine = source.splits.filter(({ sinks }) => sinks?.includes(name) ?? true);
  const claims = mine.map(claimOf);
  // Where the state store has the positions nothing of the sink is touched before an earlier owner is fenced off.
  const claimed = bound.positions === "state" ? await state.claim(key, claims) : null;
  const memory = claimed === null ? {} : { memory: sinkMemory(state, key, claimed) };
  const going = { resumed: resumed && bound.resume === "position", adds: row.scope.startsWith(REPLAY_SCOPE) };
  const session = { ...key, run: row.id, signal, host: sinkHost(execution, name, moves), ...going, ...memory };
  const writer = await bound.open(session);
  try {
    const rows = claimed ?? (await (writer.claim?.(claims) ?? state.claim(key, claims)));
    if (bound.resume === "restart") assertAtOrigin(name, rows);
    // An incremental job's files may go once they are read.
    if (resumed && row.scope !== "") assertAllThere(await (writer.progress?.() ?? state.progress(key)), claims);
    return { name, key, bound, writer, rows };
  } catch (thrown) {
    await writer[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** What was forgotten a moment ago and has moved on since is another process's work: this one's output lacks it. */
function assertAtOrigin(sink: string, rows: readonly Progress[]): void {
  const moved = rows.find(({ position }) => position.ordinal > 0n);
  if (moved === undefined) return;
  throw new MillraceError(
    "FENCED",
    `sink ${sink}, split ${moved.split}: begun anew, but it stands at ordinal ${moved.position.ordinal}: another process works on this run`,
  );
}

function claimOf(split: SplitPlan): Claim {
  return {
    split: split.id,
    origin: originPosition(split.origin, split.originLine),
    ...(split.fingerprint === undefined ? {} : { fingerprint: split.fingerprint }),
  };
}

/** What an unfinished run had begun to read has to be there still, or records would be missing without a word. */
function assertAllThere(rows: readonly Progress[], claims: readonly Claim[]): void {
  const there = new Set(claims.map(({ split }) => split));
  const gone = rows.find(({ split }) => !there.has(split));
  if (gone === undefined) return;
  throw new MillraceError(
    "SOURCE_CHANGED",
    `${gone.split} belongs to the unfinished run and is no longer there; put it back, or begin anew with --restart`,
  );
}
