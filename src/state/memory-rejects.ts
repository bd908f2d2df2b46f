/** The rejects of the state store in memory. */
import { isMeant, type RejectCause, type RejectFilter, type StoredReject } from "../core/ports/reject-shelf.ts";
import { REPLAY_SCOPE } from "../core/ports/reject-shelf.ts";
import type { Retention } from "../core/ports/retention.ts";
import type { Reject } from "../core/reject.ts";
import type { Arguments, Outcome } from "./operations.ts";
import { ReplaySteps } from "./replay-steps.ts";

/** Rejects by their key, in the order in which they came. */
export class MemoryRejects {
  readonly #rejects = new Map<string, StoredReject>();
  readonly #steps = new ReplaySteps();
  #last = 0;

  add(rejects: readonly Reject[]): void {
    for (const reject of rejects) {
      const key = keyOf(reject);
      if (!this.#rejects.has(key)) this.#rejects.set(key, { ...reject, id: ++this.#last });
    }
  }

  /** @param sink those that it refused; undefined: all */
  forget(job: string, scope: string, sink: string | undefined): void {
    for (const [key, reject] of this.#rejects) {
      if (reject.job !== job || reject.scope !== scope) continue;
      if (sink === undefined || reject.sink === sink) this.#rejects.delete(key);
    }
  }

  list(...[{ after = 0, limit, ...filter }]: Arguments<"listRejects">): Outcome<"listRejects"> {
    return [...this.#matching(filter).filter(({ id }) => id > after)].slice(0, limit);
  }

  group(...[filter]: Arguments<"groupRejects">): Outcome<"groupRejects"> {
    const groups = Map.groupBy(this.#matching(filter), ({ split, stage, code, sink = "" }) =>
      JSON.stringify([split, stage, code, sink]),
    );
    return [...groups.values()].map(([first, ...others]): RejectCause => {
      const { split, stage, code, sink, id, message } = first as StoredReject;
      return {
        split,
        stage,
        code,
        ...(sink === undefined ? {} : { sink }),
        count: 1 + others.length,
        first: id,
        message,
      };
    });
  }

  take(...[filter, replay]: Arguments<"takeRejects">): void {
    if (!this.#steps.takes(replay, filter.sink ?? "")) return;
    for (const reject of [...this.#matching(filter)]) {
      if (reject.takenBy === undefined) this.#rejects.set(keyOf(reject), { ...reject, takenBy: replay });
    }
  }

  settle(...[{ job, unless, drop = [], dropTakenBy, put = [] }]: Arguments<"settleRejects">): void {
    const dropped = new Set(drop);
    for (const reject of unless !== undefined && this.#steps.has(unless) ? [] : put) {
      const key = keyOf(reject);
      this.#rejects.set(key, { ...reject, id: this.#rejects.get(key)?.id ?? ++this.#last });
    }
    if (dropTakenBy !== undefined) this.#steps.settle(dropTakenBy);
    for (const [key, reject] of this.#rejects) {
      const isTaken = dropTakenBy !== undefined && reject.takenBy === dropTakenBy;
      if (reject.job === job && (isTaken || dropped.has(reject.id))) this.#rejects.delete(key);
    }
  }

  /** What a replay has left behind that ended long ago: a process that it took over may have put some there since. */
  forgetReplay(job: string, replay: string): void {
    this.#steps.forget(replay);
    this.forget(job, REPLAY_SCOPE + replay, undefined);
  }

  /** @returns how many went */
  prune(
    job: string,
    { rejectsBefore, rejectBytes, limit }: Omit<Retention, "runsBefore">,
    isUnfinished: (run: string) => boolean,
  ): number {
    let newer = 0;
    const tooMuch = [...this.#matching({ job })]
      .toSorted((a, b) => (a.at === b.at ? b.id - a.id : a.at < b.at ? 1 : -1))
      .filter(({ raw, message, at }) => {
        newer += Buffer.byteLength(raw) + Buffer.byteLength(message);
        return at < rejectsBefore || newer > rejectBytes;
      });
    const isFree = ({ run, scope, takenBy }: StoredReject): boolean =>
      takenBy === undefined && !scope.startsWith(REPLAY_SCOPE) && !isUnfinished(run);
    const dropped = tooMuch.filter(isFree).slice(-limit);
    for (const reject of dropped) this.#rejects.delete(keyOf(reject));
    return dropped.length;
  }

  #matching(filter: RejectFilter): IteratorObject<StoredReject> {
    // In the order of their numbers: a key keeps its place in the map.
    return this.#rejects.values().filter((reject) => isMeant(reject, filter));
  }
}

/** Parts put together so that no two lists of parts make the same key. */
function keyOf({ job, scope, split, position, sink, output }: Reject): string {
  return JSON.stringify([job, scope, split, position.token, sink ?? "", output ?? ""]);
}
