/** One sink of a simulated job: the world behind it, and what is held against it. */
import { z } from "zod";
import { BoundHttpSink } from "../../src/connectors/http/sink/sink.ts";
import { type HttpSinkOptions, httpSinkShape } from "../../src/connectors/http/sink-options.ts";
import type { EncodeSpec } from "../../src/core/ports/format.ts";
import type { Advance, BoundSink, Progress, SinkWord } from "../../src/core/ports/sink.ts";
import type { Reject } from "../../src/core/reject.ts";
import { canonicalRow, type ExpectedRecord, expectedRecords } from "./expected.ts";
import { type DueRejects, Invariants, type SinkTruth } from "./invariants.ts";
import type { SimulationPlan, SinkPlan } from "./plan.ts";
import type { ReplayTruth } from "./replay-truth.ts";
import { Api, SimulatedClient } from "./world/api.ts";
import { Database } from "./world/database.ts";
import { DatabaseSink } from "./world/database-sink.ts";
import { type Fates, type Faults, LostCommits, ServerFaults } from "./world/faults.ts";
import { LogSink } from "./world/log-sink.ts";
import { PartFolder } from "./world/part-folder.ts";
import { PartSink } from "./world/part-sink.ts";
import { Folder } from "./world/row-file.ts";
import type { SimulatedProcess } from "./world/process.ts";
import type { Scheduler } from "./world/scheduler.ts";
import { WordedSink } from "./world/worded-sink.ts";
import { Outages } from "./world/outages.ts";

/** The name of every simulated job. */
export const JOB = "simulated";

/** More rejects than there are. */
export const EVERY = 1_000_000;

/** Rejects that do not lie with a sink's data. */
export interface RejectsElsewhere {
  /** The file that the job names for them; null: it names none, or this is a replay. */
  file(): readonly Reject[] | null;
  /** Those of the run, at once, as they are now. */
  inState(): Promise<readonly Reject[]>;
}

/** What a {@link SinkUnderTest} needs. */
export interface SinkUnderTestOptions {
  readonly plan: SimulationPlan;
  readonly sink: SinkPlan;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly rejects: RejectsElsewhere;
  /** Whether a process, by its name, can never write again. */
  readonly isGone: (process: string) => boolean;
  /** Told that a replay has settled something. */
  readonly onSettled: () => Promise<void>;
  readonly violate: (message: string) => void;
}

/** The run that goes on, as the state store has it. */
export interface CurrentRun {
  readonly id: string;
  readonly scope: string;
  /** Of this sink. */
  readonly progress: readonly Progress[];
  readonly words: readonly SinkWord[];
}

/** A sink of the job over all its processes. */
export class SinkUnderTest {
  readonly #options: SinkUnderTestOptions;
  readonly #faults: ServerFaults;
  readonly #outages: Outages;
  readonly #database: Database;
  readonly #folder = new Folder();
  readonly #parts = new PartFolder();
  readonly #api: Api;
  /** What becomes of commits of its positions to the state store. */
  readonly commitFaults: Fates;
  #invariants: Invariants;
  /** All rows that it is to have in the end. */
  #due: readonly string[];
  /** Whether no other sink takes part. */
  #alone: boolean;
  #replays = false;

  constructor(options: SinkUnderTestOptions) {
    const { plan, sink, scheduler, faults } = options;
    this.#options = options;
    this.commitFaults = sink.losesCommits ? new LostCommits(faults, scheduler) : faults;
    this.#faults = new ServerFaults(this.commitFaults, scheduler.clock);
    this.#outages = new Outages(sink.outages, this.#faults, scheduler);
    this.#alone = plan.sinks.length === 1;
    const expected = expectedOf(options);
    const splitOf = (row: string): string => /s\d+(?=#)/.exec(row)?.[0] ?? "no split";
    this.#invariants = this.#invariantsOf({ expected, base: [], tokens: true, splitOf });
    this.#due = rowsOf(expected);
    this.#database = new Database(sink, (commit) => this.#onCommit(commit));
    this.#api = new Api(sink.check, sink.api?.tellsEach ?? false, (message) => this.#invariants.violate(message));
  }

  /** All that can be seen in it. */
  get rows(): readonly string[] {
    const { kind } = this.#options.sink;
    if (kind === "database") return this.#database.rows;
    if (kind === "api") return this.#api.rows;
    return kind === "worded" ? this.#parts.published : (this.#folder.published ?? []);
  }

  /** The rejects beside its rows. */
  get rejects(): Database["rejects"] {
    return this.#database.rejects;
  }

  /** From here on it is held to a replay. */
  beginReplay(truth: ReplayTruth): void {
    const { plan, sink } = this.#options;
    this.#replays = true;
    this.#alone = truth.lacking.length === 1;
    const expected = truth.expectedOf(sink.name);
    const base = sink.kind === "database" ? [] : this.rows;
    const tokens = plan.rejects !== "file";
    this.#invariants = this.#invariantsOf({ expected, base, tokens, splitOf: (row) => truth.splitOf(sink.name, row) });
    this.#due = [...this.#due, ...rowsOf(expected)];
  }

  /** Between any two steps: the server goes down when its time has come. */
  tick(): void {
    this.#outages.tick();
  }

  /** As one process sees it. */
  bound(process: SimulatedProcess): BoundSink {
    const { sink } = this.#options;
    const shared = {
      process,
      faults: this.#faults,
      encode: encodeOf(sink),
      misuse: (message: string) => this.#invariants.violate(`used wrongly: ${message}`),
      onSettled: this.#options.onSettled,
    };
    switch (sink.kind) {
      case "database":
        return new DatabaseSink({ ...shared, database: this.#database, lanes: sink.lanes });
      case "parts":
        return new PartSink({ ...shared, folder: this.#folder });
      case "log":
        return new LogSink({ ...shared, folder: this.#folder });
      case "worded": {
        const { rotateRows } = sink;
        return new WordedSink({ ...shared, folder: this.#parts, rotateRows, isGone: this.#options.isGone });
      }
      case "api": {
        const { clock } = this.#options.scheduler;
        const connect = async () => new SimulatedClient(this.#api, process, this.#faults, clock);
        return new BoundHttpSink(httpOptions(sink), { name: sink.name, clock }, connect);
      }
    }
  }

  /** Its positions in the state store were advanced. */
  async onStateCommit(advanced: readonly Progress[], run: CurrentRun): Promise<void> {
    const { rejects, sink } = this.#options;
    if (sink.kind === "api") this.#invariants.there(this.rows, run.progress);
    else this.#invariants.part(this.#rowsWith(run), run.progress);
    this.#invariants.counted(advanced);
    const positions = run.progress.map(({ split, position }) => ({ split, to: position }));
    this.#invariants.kept(positions, rejects.file() ?? (await rejects.inState()), "all");
  }

  async checkEnd({ scope, progress: inState }: CurrentRun): Promise<void> {
    const { sink, rejects } = this.#options;
    const isDatabase = sink.kind === "database";
    const kept = rejects.file() ?? (await rejects.inState());
    // Requests overtake each other.
    if (!isDatabase && sink.kind !== "api") this.#invariants.published(this.rows);
    this.#checkRows();
    if (this.#endIsUnfenced) return;
    const progress = isDatabase ? this.#database.progress(scope) : inState;
    const withData =
      isDatabase && rejects.file() === null ? this.#database.rejects.list({ job: JOB, limit: EVERY }) : [];
    if (this.#replays) this.#invariants.consumed(progress);
    else this.#invariants.complete(progress, [...kept, ...withData]);
  }

  /** Over its whole life: every record once. */
  #checkRows(): void {
    const [due, there] = [this.#due.toSorted(), this.rows.map(canonicalRow).toSorted()];
    const at = due.findIndex((row, index) => row !== there[index]);
    if (at >= 0 || due.length !== there.length)
      this.#invariants.violate(
        `${due.length} rows are due, ${there.length} there; not the same: ${due[at]}, ${there[at]}`,
      );
  }

  /** What is there of a run, also what cannot be seen yet. */
  #rowsWith({ id, words }: CurrentRun): readonly string[] {
    const { sink } = this.#options;
    if (sink.kind !== "worded") return this.#folder.current;
    const rows = this.#parts.rowsBy(id, words, sink.rotateRows === null);
    if (rows === null) this.#invariants.violate(`a commit knows rows that are not there: ${JSON.stringify(words)}`);
    return rows ?? [];
  }

  #invariantsOf(truth: Omit<SinkTruth, "sink" | "violate">): Invariants {
    const { sink, violate } = this.#options;
    return new Invariants({ ...truth, sink: sink.name, violate });
  }

  /** With the data lie its own rejects, and all of them if it is the only sink. */
  #onCommit(commit: { rows: readonly string[]; advances: readonly Advance[]; rejects: readonly Reject[] }): void {
    const { rejects } = this.#options;
    const alone = this.#alone;
    const file = rejects.file();
    const due: DueRejects = file !== null ? "none" : alone ? "all" : "own";
    this.#invariants.durable({ ...commit, due });
    if (file !== null) this.#invariants.kept(commit.advances, file, "all");
    else if (!alone) {
      void rejects.inState().then((kept) => this.#invariants.kept(commit.advances, kept, "common"));
    }
  }

  /**
   * Where positions live in the state store nothing fences a run's end: a zombie that had only its success left to write
   * down does so although a successor has begun anew, whose death then leaves half its positions and rejects behind. What
   * was published is whole all the same.
   */
  get #endIsUnfenced(): boolean {
    const { plan, sink } = this.#options;
    return sink.kind === "parts" && plan.disasters.includes("pause");
  }
}

function rowsOf(expected: ReadonlyMap<string, readonly ExpectedRecord[]>): readonly string[] {
  return [...expected.values()].flat().flatMap(({ rows }) => rows.map(canonicalRow));
}

function expectedOf({ plan, sink }: SinkUnderTestOptions): ReadonlyMap<string, readonly ExpectedRecord[]> {
  const treatment = {
    ...plan,
    mended: null,
    sink: sink.name,
    sinks: plan.sinks.map(({ name }) => name),
    check: sink.check,
    unique: sink.unique,
  };
  return new Map(plan.splits.map((split) => [split.id, expectedRecords(split, treatment)]));
}

function httpOptions({ api }: SinkPlan): HttpSinkOptions {
  const { batch, tellsEach = false, concurrency, orderBy, adaptive, breaker } = api ?? {};
  return z.strictObject(httpSinkShape).parse({
    url: "https://api.example.com/rows",
    concurrency,
    adaptive,
    ...(batch && { batch: { ...batch, format: "json" } }),
    ...(tellsEach && { response: { error: "/error" } }),
    ...(orderBy && { orderBy }),
    ...(breaker && { breaker }),
  });
}

function encodeOf({ name, findColumns }: SinkPlan): EncodeSpec {
  return {
    sink: name,
    format: "jsonl",
    options: {},
    columns: null,
    needsColumns: findColumns,
    onUnknownField: "error",
  };
}
