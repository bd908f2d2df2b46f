/**
 * Faults at chosen steps of a run: servers that are away, replies that get lost, rows that are refused, a process that
 * dies. They stand between the run and whatever source and sinks it has, so a job is tested with its own.
 *
 * A step is counted when it begins, over all sinks or over the one that a fault names, and in all runs that the same
 * `Faults` is given to.
 */
import { MillraceError } from "../core/errors.ts";
import type { FaultInjection } from "../core/ports/fault-injection.ts";
import { rowsOf, withoutRecords } from "../core/output-rows.ts";
import type { BoundSink, SinkUnit, SinkWriter, WriteOutcome, WriteReject } from "../core/ports/sink.ts";
import type { BoundSource, SplitReader } from "../core/ports/source.ts";
import type { SinkOutput } from "../core/result.ts";
import { wrapped } from "./wrapped.ts";

/** Where a run can meet a fault. */
export const STEPS = [
  "source.open",
  "source.read",
  "sink.open",
  "sink.claim",
  "sink.begin",
  "sink.write",
  "sink.commit",
  "sink.progress",
  "sink.finish",
] as const;

/** One kind of step. */
export type Step = (typeof STEPS)[number];

/**
 * What happens at a step.
 *
 * `fail`: nothing is done, and trying again may help. `break`: nothing is done, and nothing helps. `lose-reply`: it is done, and
 * the reply does not come; only at a commit into a sink that keeps its positions itself, elsewhere it is `fail`.
 * `kill-before`, `kill-after`: the process dies, the step not begun or done.
 */
export type Mishap = "fail" | "break" | "lose-reply" | "kill-before" | "kill-after";

/** One planned fault. */
export interface Fault {
  /** The step; absent: any. */
  readonly at?: Step;
  /** The sink, of several; absent: whichever comes. */
  readonly sink?: string;
  /** Which of those steps, from 1; 1 when absent. */
  readonly nth?: number;
  /** How many from there on: a server that is away for a while; 1 when absent. */
  readonly times?: number;
  readonly does: Mishap;
}

/** What a {@link Faults} may do beside planned faults. */
export interface FaultsOptions {
  /** The reason why a sink refuses a row, given as the sink's own text of it, or undefined. */
  readonly refuse?: (row: string, sink: string) => string | undefined;
}

interface UnitKind {
  readonly mode: "fast" | "careful";
  readonly keepsPositions: boolean;
}

/** One step that a run took. */
export interface TakenStep {
  readonly at: Step;
  readonly sink?: string;
}

/**
 * Planned faults, for `runJob` and `testJob`.
 *
 * @example
 * const faults = new Faults([{ at: "sink.commit", nth: 2, does: "lose-reply" }]);
 * const { state } = await runJob(job, { faults });
 * faults.taken.length; // how many steps the run took
 */
export class Faults implements FaultInjection {
  /** The steps that were taken, in their order. */
  readonly taken: TakenStep[] = [];
  readonly #plan: readonly { readonly fault: Fault; seen: number }[];
  readonly #refuse: FaultsOptions["refuse"];
  #kill = new AbortController();

  constructor(faults: readonly Fault[] = [], { refuse }: FaultsOptions = {}) {
    this.#plan = faults.map((fault) => ({ fault, seen: 0 }));
    this.#refuse = refuse;
  }

  /** Of the run that begins: one that follows a kill is another process. */
  get killed(): AbortSignal {
    if (this.#kill.signal.aborted) this.#kill = new AbortController();
    return this.#kill.signal;
  }

  source(source: BoundSource): BoundSource {
    return wrapped(source, {
      open: async (split, from, signal) =>
        this.#reader(await this.#step({ at: "source.open" }, () => source.open(split, from, signal))),
      ...(source.continueFrom !== undefined && {
        continueFrom: async (known) => this.source((await source.continueFrom?.(known)) ?? source),
      }),
    });
  }

  sink(sink: string, bound: BoundSink): BoundSink {
    return wrapped(bound, {
      open: async (session) =>
        this.#writer(sink, await this.#step({ at: "sink.open", sink }, () => bound.open(session))),
    });
  }

  #reader(reader: SplitReader): SplitReader {
    const at = { at: "source.read" } as const;
    if (reader.kind === "bytes") {
      return wrapped(reader, { read: (into) => this.#step(at, () => reader.read(into)) });
    }
    return wrapped(reader, { read: (maxBytes, lease) => this.#step(at, () => reader.read(maxBytes, lease)) });
  }

  #writer(sink: string, writer: SinkWriter): SinkWriter {
    const keepsPositions = writer.progress !== undefined;
    return wrapped(writer, {
      ...(keepsPositions && {
        claim: (claims) => this.#step({ at: "sink.claim", sink }, async () => (await writer.claim?.(claims)) ?? []),
        progress: (splits) =>
          this.#step({ at: "sink.progress", sink }, async () => (await writer.progress?.(splits)) ?? []),
      }),
      begin: async (mode, columns, turn) => {
        const unit = await this.#step({ at: "sink.begin", sink }, () => writer.begin(mode, columns, turn));
        return this.#unit(sink, { mode, keepsPositions }, unit);
      },
      finish: () => this.#step({ at: "sink.finish", sink }, () => writer.finish()),
    });
  }

  #unit(sink: string, { mode, keepsPositions }: UnitKind, unit: SinkUnit): SinkUnit {
    const commit: TakenStep = { at: "sink.commit", sink };
    /** What was refused here of each call of write, for a sink that answers late. */
    const refused: (readonly WriteReject[])[] = [];
    const answersLate = unit.answers !== undefined;
    return wrapped(unit, {
      write: (output, origin) =>
        this.#step({ at: "sink.write", sink }, async () => {
          const rejects = this.#refusals(sink, output);
          const [first] = rejects;
          // A sink that answers late says so later, in any mode.
          if (first !== undefined && mode === "fast" && !answersLate)
            throw new MillraceError("ROW_REFUSED", `sink ${sink}: ${first.message}`);
          refused.push(rejects);
          return joined(rejects, await unit.write(without(output, rejects), origin));
        }),
      ...(answersLate && {
        answers: async () =>
          ((await unit.answers?.()) ?? []).map((outcome, call) => joined(refused[call] ?? [], outcome)),
      }),
      commit: (advances, rejects) =>
        this.#step(commit, () => unit.commit(advances, rejects), keepsPositions ? lostReply(commit) : undefined),
    });
  }

  #refusals(sink: string, output: SinkOutput): readonly WriteReject[] {
    const refuse = this.#refuse;
    if (refuse === undefined) return [];
    const found = new Map<number, WriteReject>();
    rowsOf(output).forEach((row, index) => {
      const record = output.recordOfRow[index] as number;
      const message = refuse(Buffer.from(row).toString(), sink);
      if (message !== undefined && !found.has(record)) found.set(record, { record, code: "ROW_REFUSED", message });
    });
    return [...found.values()];
  }

  /** @param lost what is thrown when the step was done and the reply does not come; absent: it cannot get lost */
  async #step<T>(step: TakenStep, work: () => Promise<T>, lost?: MillraceError): Promise<T> {
    this.taken.push(step);
    // Every fault counts every step, also one at which another fault happens.
    const [mishap] = this.#plan.filter((planned) => isDue(planned, step)).map(({ fault }) => fault.does);
    switch (mishap) {
      case "fail":
        throw failure(step, "transient");
      case "break":
        throw failure(step, "fatal");
      case "kill-before":
        throw this.#die();
      case "kill-after":
        await work();
        throw this.#die();
      case "lose-reply":
        if (lost === undefined) throw failure(step, "transient");
        await work();
        throw lost;
      default:
        return work();
    }
  }

  #die(): MillraceError {
    const error = new MillraceError("ABORTED", "the process was killed");
    this.#kill.abort(error);
    return error;
  }
}

/** A refused row takes its record out of the unit, as a sink's own refusal does. */
function without(output: SinkOutput, rejects: readonly WriteReject[]): SinkOutput {
  return rejects.length === 0 ? output : withoutRecords(output, new Set(rejects.map(({ record }) => record)));
}

function joined(refused: readonly WriteReject[], { rejects }: WriteOutcome): WriteOutcome {
  return { rejects: [...refused, ...rejects] };
}

function isDue(planned: { readonly fault: Fault; seen: number }, step: TakenStep): boolean {
  const { at = step.at, sink = step.sink, nth = 1, times = 1 } = planned.fault;
  if (at !== step.at || sink !== step.sink) return false;
  planned.seen++;
  return planned.seen >= nth && planned.seen < nth + times;
}

function failure({ at, sink }: TakenStep, fault: "transient" | "fatal"): MillraceError {
  if (sink === undefined)
    return new MillraceError(fault === "transient" ? "SOURCE_UNAVAILABLE" : "SOURCE_FAILED", `${at}: a planned fault`);
  const code = fault === "transient" ? "SINK_UNAVAILABLE" : "SINK_FAILED";
  return new MillraceError(code, `${at} of ${sink}: a planned fault`);
}

function lostReply({ at, sink }: TakenStep): MillraceError {
  return new MillraceError("COMMIT_AMBIGUOUS", `${at} of ${sink ?? ""}: the reply was lost, as planned`);
}
