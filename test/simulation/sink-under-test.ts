/** One sink of a simulated job: the world behind it, and what is held against it. */
import type { EncodeSpec } from "../../src/core/ports/format.ts";
import type { Advance, BoundSink, Progress } from "../../src/core/ports/sink.ts";
import type { Reject } from "../../src/core/reject.ts";
import { type ExpectedRecord, expectedRecords } from "./expected.ts";
import { type DueRejects, Invariants } from "./invariants.ts";
import type { SimulationPlan, SinkPlan } from "./plan.ts";
import { Database } from "./world/database.ts";
import { DatabaseSink } from "./world/database-sink.ts";
import { type Faults, ServerFaults } from "./world/faults.ts";
import { LogSink } from "./world/log-sink.ts";
import { PartSink } from "./world/part-sink.ts";
import { Folder } from "./world/row-file.ts";
import type { SimulatedProcess } from "./world/process.ts";
import type { Scheduler } from "./world/scheduler.ts";

/** Rejects that do not lie with a sink's data. */
export interface RejectsElsewhere {
  /** The file that the job names for them; null: it names none. */
  file(): readonly Reject[] | null;
  /** At once, as they are now. */
  inState(): Promise<readonly Reject[]>;
}

/** What a {@link SinkUnderTest} needs. */
export interface SinkUnderTestOptions {
  readonly plan: SimulationPlan;
  readonly sink: SinkPlan;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly rejects: RejectsElsewhere;
  readonly violate: (message: string) => void;
}

/** A sink of the job over all its processes. */
export class SinkUnderTest {
  readonly #options: SinkUnderTestOptions;
  readonly #faults: ServerFaults;
  readonly #outages: SinkPlan["outages"][number][];
  readonly #invariants: Invariants;
  readonly #database: Database;
  readonly #folder = new Folder();

  constructor(options: SinkUnderTestOptions) {
    const { sink, scheduler, faults, violate } = options;
    this.#options = options;
    this.#faults = new ServerFaults(faults, scheduler.clock);
    this.#outages = [...sink.outages];
    this.#invariants = new Invariants({ sink: sink.name, expected: expectedOf(options), violate });
    this.#database = new Database(sink, (commit) => this.#onCommit(commit));
  }

  /** Between any two steps: the server goes down when its time has come. */
  tick(): void {
    const [outage] = this.#outages;
    if (outage === undefined || this.#options.scheduler.steps < outage.fromStep) return;
    this.#outages.shift();
    this.#faults.goDown(outage.forMs);
  }

  /** As one process sees it. */
  bound(process: SimulatedProcess): BoundSink {
    const { sink } = this.#options;
    const shared = {
      process,
      faults: this.#faults,
      encode: encodeOf(sink),
      misuse: (message: string) => this.#invariants.violate(`used wrongly: ${message}`),
    };
    switch (sink.kind) {
      case "database":
        return new DatabaseSink({ ...shared, database: this.#database, lanes: sink.lanes });
      case "parts":
        return new PartSink({ ...shared, folder: this.#folder });
      case "log":
        return new LogSink({ ...shared, folder: this.#folder });
    }
  }

  /** Its positions in the state store were advanced. */
  async onStateCommit(advanced: readonly Progress[], all: readonly Progress[]): Promise<void> {
    const { rejects } = this.#options;
    this.#invariants.part(this.#folder.current, all);
    this.#invariants.counted(advanced);
    const positions = all.map(({ split, position }) => ({ split, to: position }));
    this.#invariants.kept(positions, rejects.file() ?? (await rejects.inState()), "all");
  }

  /** @param inState its positions in the state store */
  async checkEnd(inState: readonly Progress[]): Promise<void> {
    const { sink, rejects } = this.#options;
    const kept = rejects.file() ?? (await rejects.inState());
    if (sink.kind !== "database") this.#invariants.published(this.#folder.published ?? []);
    if (this.#endIsUnfenced) return;
    const progress = sink.kind === "database" ? this.#database.progress : inState;
    const withData = sink.kind === "database" && rejects.file() === null ? this.#database.rejects : [];
    this.#invariants.complete(progress, [...kept, ...withData]);
  }

  /** With the data lie its own rejects, and all of them if it is the only sink. */
  #onCommit(commit: { rows: readonly string[]; advances: readonly Advance[]; rejects: readonly Reject[] }): void {
    const { plan, rejects } = this.#options;
    const alone = plan.sinks.length === 1;
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

function expectedOf({ plan, sink }: SinkUnderTestOptions): ReadonlyMap<string, readonly ExpectedRecord[]> {
  const treatment = {
    ...plan,
    sink: sink.name,
    sinks: plan.sinks.map(({ name }) => name),
    check: sink.check,
    unique: sink.unique,
  };
  return new Map(plan.splits.map((split) => [split.id, expectedRecords(split, treatment)]));
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
