/** Makes flow after flow for one execution: each is opened by its first child, the wiring, and closed by it. */
import { MemoryArena } from "../actors/chunk-memory.ts";
import { LastMoves } from "../actors/last-moves.ts";
import { retrying } from "../actors/outage.ts";
import { RecentCounts } from "../actors/recent-counts.ts";
import { onAbort, whenAborted } from "../core/abort.ts";
import { sleep } from "../core/clock.ts";
import type { MailboxSample } from "../core/ports/observer.ts";
import { isMillraceError, type MillraceError } from "../core/errors.ts";
import type { BoundSource, Share } from "../core/ports/source.ts";
import type { TaskSpec } from "../core/task.ts";
import type { Actor, ActorContext } from "../runtime/actor.ts";
import type { ChildSpec } from "../runtime/supervisor-options.ts";
import { announce } from "./announce.ts";
import { beforeShare } from "./earlier.ts";
import type { Execution } from "./execution.ts";
import { Flow } from "./flow.ts";
import { type ClaimedSink, forgetBegunAnew, openSink } from "./open-sink.ts";
import { OwnWork } from "./own-work.ts";
import { type OpenSink, placeSinks } from "./place-sinks.ts";
import { type StageMeters, stageMeters } from "./stage-meters.ts";

/** How long a run may take to drain when it is asked to stop, and so any stage of it, in milliseconds. */
export const DRAIN_MS = 30_000;

/** How long the end of a flow that had to be abandoned is waited for, in milliseconds. */
const CLOSE_MS = 10_000;

/** Splits that are read side by side with `order: none`. */
const LANES_SIDE_BY_SIDE = 4;

/** The flows of one execution, one after another. */
export class FlowStarts implements AsyncDisposable {
  readonly meters: StageMeters;
  /** The flow that runs now. */
  current: Flow | null = null;
  /** What the first actor of the latest flow died of. */
  failure: unknown = null;
  /** A flow was fenced, and nobody has said since that the run still is this process's; null: none was. */
  fence: MillraceError | null = null;
  /** The flow saw all there is, and its sinks have finished. */
  complete = false;
  /** What the next flow reads; null for a source that this process has for itself. */
  share: Share | null = null;
  readonly #execution: Execution;
  readonly #recent: ReadonlyMap<string, RecentCounts> | null;
  /** Of a live source. */
  readonly #own = new OwnWork();
  /** Names of the latest flow's. */
  #mailboxes: readonly string[] = [];
  #sinks: OpenSink[] = [];
  #wiring: Wiring | null = null;
  #flows = 0;
  #waiting = 0;
  #done = Promise.withResolvers<void>();

  constructor(execution: Execution) {
    this.#execution = execution;
    const { bound, clock } = execution;
    const isLive = bound.source.shares !== undefined;
    this.#recent = isLive ? new Map(Array.from(bound.sinks.keys(), (name) => [name, new RecentCounts(clock)])) : null;
    this.meters = stageMeters(execution.clock, execution.bound.sinks.keys());
  }

  /** In the order of their start; stopped in reverse, so the reader comes last here. */
  children(): readonly ChildSpec[] {
    const stage = (name: string, make: (flow: Flow) => Actor): ChildSpec => ({
      name,
      restart: "transient",
      shutdownMs: DRAIN_MS,
      start: () => new FlowActor(this, make),
    });
    const writers = [...this.#execution.bound.sinks.keys()].map((sink) =>
      stage(`writer of ${sink}`, (flow) =>
        this.#counted(flow.writer(this.#sinks.find(({ name }) => name === sink) as OpenSink)),
      ),
    );
    return [
      { name: "wiring", restart: "transient", shutdownMs: DRAIN_MS, start: () => (this.#wiring = new Wiring(this)) },
      ...writers,
      stage("aggregator", (flow) => flow.aggregator()),
      stage("worker pool", (flow) => flow.workerPool()),
      stage("chunker", (flow) => flow.chunker()),
      stage("reader", (flow) => flow.reader()),
    ];
  }

  /** Opens everything a flow needs; the releasers run last in, first out. */
  async wire(opened: AsyncDisposableStack, killed: AbortSignal, stopping: AbortSignal): Promise<void> {
    const execution = this.#execution;
    // A server that is away for a moment is waited for, as it is once the run is under way.
    const patiently = <T>(work: () => Promise<T>, sink?: string): Promise<T> => {
      const about = sink === undefined ? {} : { sink };
      return retrying(
        work,
        { ...execution, policy: execution.bound.plan.job.retry, stage: "sink", ...about },
        stopping,
      );
    };
    if (this.fence !== null) await patiently(() => this.#confirm());
    await patiently(() => execution.continueSource());
    await patiently(() => forgetBegunAnew(execution));
    const { share } = this;
    const source = share ?? execution.bound.source;
    this.#own.note(this.#sinks.splice(0));
    // Given back last: what a sink still sends when it is closed lies in it.
    const arena = opened.use(new MemoryArena(execution.buffers));
    const claimed: ClaimedSink[] = [];
    const moves = movesOf(execution);
    for (const [name, bound] of execution.bound.sinks) {
      const claim = async (): Promise<ClaimedSink> => {
        // Before each claim, also one that is tried again: it would take the splits from whoever has them now.
        await share?.confirm();
        return await openSink(execution, source, { name, bound, moves }, killed);
      };
      const sink = await patiently(claim, name);
      opened.use(sink.writer);
      claimed.push(sink);
      this.#own.claimed(name, sink.rows);
    }
    const earlier = share === null ? execution.earlier : beforeShare(claimed, this.#own.totals);
    const sinks = await patiently(() => placeSinks(execution, claimed, earlier));
    const runner = execution.startThreads(taskSpec(execution));
    const flow = new Flow({
      execution,
      source,
      side: this.#sideBySide(source),
      recent: this.#recent,
      sinks,
      arena,
      runner,
      meters: this.meters,
      moves,
    });
    opened.defer(() => (killed.aborted || this.failure !== null ? runner.destroy() : runner.close()));
    announce(execution, source, sinks, this.#flows === 0);
    this.#flows++;
    this.failure = null;
    this.#sinks = [...sinks];
    this.#waiting = sinks.length;
    this.#done = Promise.withResolvers();
    this.current = flow;
    this.#mailboxes = flow.mailboxes.map(({ name }) => name);
  }

  /** How full its mailboxes are; empty where no flow runs any more. */
  get mailboxes(): readonly MailboxSample[] {
    return this.current?.mailboxes ?? this.#mailboxes.map((name) => ({ name, bytes: 0, records: 0 }));
  }

  /** What source and sinks have lent out of their pools; of several of one name all together. */
  get pools(): { readonly [name: string]: number } {
    const lenders = [this.share ?? this.#execution.bound.source, ...this.#sinks.map(({ writer }) => writer)];
    const pools: Record<string, number> = {};
    for (const lender of lenders) {
      for (const [name, lent] of Object.entries(lender.pools?.() ?? {})) pools[name] = (pools[name] ?? 0) + lent;
    }
    return pools;
  }

  /** A share asks for itself, before each claim. */
  async #confirm(): Promise<void> {
    await this.#execution.confirm();
    this.fence = null;
  }

  /** Of a live source no split waits for another one. */
  #sideBySide({ splits }: BoundSource): number {
    if (this.share !== null) return splits.length;
    return this.#execution.bound.plan.job.order === "none" ? LANES_SIDE_BY_SIDE : 1;
  }

  /** Takes note of a fence. */
  doubt(thrown: unknown): void {
    if (isMillraceError(thrown, "FENCED")) this.fence ??= thrown;
  }

  /** Every writer of the current flow has ended well. */
  get written(): Promise<void> {
    return this.#done.promise;
  }

  /** A writer whose good end is one step to the flow's. */
  #counted(writer: Actor): Actor {
    return {
      run: async (context) => {
        await writer.run(context);
        this.#waiting--;
        if (this.#waiting === 0) this.#done.resolve();
      },
    };
  }

  /**
   * Closes what a flow left open: an actor that is killed between its init and its run never gets to do it, and one that
   * was abandoned may still be at it. A server that does not let go is waited for only so long.
   */
  async close(): Promise<void> {
    const waited = new AbortController();
    const tooLong = sleep(this.#execution.clock, CLOSE_MS, waited.signal).catch(() => {});
    await Promise.race([this.#wiring?.close(), tooLong]);
    waited.abort();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Publishes what the sinks show only when a run has succeeded. */
  async finish(): Promise<void> {
    if (this.current?.complete !== true || this.#waiting > 0) return;
    for (const { writer } of this.#sinks) await writer.finish();
    this.complete = true;
  }
}

/** Opens a flow, waits until it has written everything, and closes it whatever happens. */
class Wiring implements Actor {
  readonly #starts: FlowStarts;
  readonly #opened = new AsyncDisposableStack();
  #closed: Promise<void> | undefined;

  constructor(starts: FlowStarts) {
    this.#starts = starts;
  }

  /** Closes the flow, once; whoever asks waits for it. */
  close(): Promise<void> {
    return (this.#closed ??= this.#opened.disposeAsync());
  }

  async init({ killed, stopping }: ActorContext): Promise<void> {
    try {
      await this.#starts.wire(this.#opened, killed, stopping);
    } catch (thrown) {
      this.#starts.doubt(thrown);
      await this.close();
      throw thrown;
    }
  }

  async run({ stopping, killed }: ActorContext): Promise<void> {
    try {
      await Promise.race([this.#starts.written, whenAborted(stopping)]);
      if (!killed.aborted) await this.#starts.finish();
    } catch (thrown) {
      this.#starts.doubt(thrown);
      throw thrown;
    } finally {
      this.#starts.current = null;
      await this.close();
    }
  }
}

/** One actor of a flow: its failure or its kill ends the waits of all the others. */
class FlowActor implements Actor {
  readonly #starts: FlowStarts;
  readonly #make: (flow: Flow) => Actor;

  constructor(starts: FlowStarts, make: (flow: Flow) => Actor) {
    this.#starts = starts;
    this.#make = make;
  }

  async run(context: ActorContext): Promise<void> {
    const flow = this.#starts.current;
    if (flow === null) return;
    using _killed = onAbort(context.killed, () => flow.abort(context.killed.reason));
    try {
      await this.#make(flow).run(context);
    } catch (thrown) {
      // After a kill errors are its mere echo.
      if (!context.killed.aborted) this.#starts.failure ??= thrown;
      this.#starts.doubt(thrown);
      flow.abort(thrown);
      throw thrown;
    }
  }
}

/** What of several sinks moved last: those that wait for one that is away do not give up while others go on. */
function movesOf({ bound: { plan, sinks } }: Execution): LastMoves | null {
  return plan.job.onSinkDown === "wait" && sinks.size > 1 ? new LastMoves() : null;
}

function taskSpec({ bound, run, threads }: Execution): TaskSpec {
  const { decode, transform, sinks } = bound.plan;
  const otherSinks = sinks.map(({ name }) => name).filter((name) => !bound.sinks.has(name));
  return {
    job: run.row.job,
    run: run.row.id,
    decode,
    transform,
    threads,
    sinks: [...bound.sinks.values()].map(({ encode }) => encode),
    ...(otherSinks.length === 0 ? {} : { otherSinks }),
  };
}
