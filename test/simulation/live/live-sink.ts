/** One sink of a live job over all its processes, and what is held against it. */
import type { EncodeSpec } from "../../../src/core/ports/format.ts";
import type { Advance, BoundSink, Progress } from "../../../src/core/ports/sink.ts";
import type { Position } from "../../../src/core/position.ts";
import type { Reject } from "../../../src/core/reject.ts";
import { canonicalRow, type ExpectedRecord, expectedRecords } from "../expected.ts";
import { Invariants } from "../invariants.ts";
import { EVERY, JOB } from "../sink-under-test.ts";
import { Database } from "../world/database.ts";
import { DatabaseSink } from "../world/database-sink.ts";
import { type Fates, type Faults, LostCommits, ServerFaults } from "../world/faults.ts";
import { KeyedSink } from "../world/keyed-sink.ts";
import type { SimulatedProcess } from "../world/process.ts";
import type { Scheduler } from "../world/scheduler.ts";
import type { LivePlan, LiveSinkPlan } from "./plan.ts";
import { Outages } from "../world/outages.ts";

/** What a {@link LiveSink} needs. */
export interface LiveSinkOptions {
  readonly plan: LivePlan;
  readonly sink: LiveSinkPlan;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  /** The rejects that the state stores hold together. */
  readonly inState: () => Promise<readonly Reject[]>;
  /** Told how many records a process has made durable. */
  readonly onDurable: (process: string, sink: string, records: number) => void;
  readonly violate: (message: string) => void;
}

/** The sink. */
export class LiveSink {
  readonly #options: LiveSinkOptions;
  readonly #expected: ReadonlyMap<string, readonly ExpectedRecord[]>;
  readonly #invariants: Invariants;
  readonly #database: Database;
  /** Of a keyed one. */
  readonly #rows = new Set<string>();
  readonly #faults: ServerFaults;
  readonly #outages: Outages;
  /** How far each split has come, by what became durable. */
  readonly #reached = new Map<string, Progress>();
  /** What becomes of commits of its positions to the state store. */
  readonly commitFaults: Fates;

  constructor(options: LiveSinkOptions) {
    const { plan, sink, scheduler, faults, violate } = options;
    this.#options = options;
    this.commitFaults = sink.losesCommits ? new LostCommits(faults, scheduler) : faults;
    this.#faults = new ServerFaults(this.commitFaults, scheduler.clock);
    this.#outages = new Outages(sink.outages, this.#faults, scheduler);
    this.#expected = expectedOf(options);
    this.#invariants = new Invariants({
      sink: sink.name,
      expected: this.#expected,
      base: [],
      tokens: true,
      splitOf: (row) => /s\d+(?=#)/.exec(row)?.[0] ?? "no split",
      violate,
    });
    this.#database = new Database(sink, (commit) => this.#onCommit(commit));
    if (plan.splits.length === 0) violate("nothing to read");
  }

  /** Everything that there is going to be has been consumed. */
  get isDone(): boolean {
    return [...this.#expected].every(([split, { length }]) => this.#ordinal(split) === length);
  }

  /** Records that are durable here, of all splits. */
  get consumed(): number {
    return [...this.#reached.values()].reduce((sum, { position }) => sum + Number(position.ordinal), 0);
  }

  /** Between any two steps: the server goes down when its time has come. */
  tick(): void {
    this.#outages.tick();
  }

  goDown(forMs: number): void {
    this.#faults.goDown(forMs);
  }

  /** As one process sees it. */
  bound(process: SimulatedProcess): BoundSink {
    const { sink } = this.#options;
    const shared = { process, faults: this.#faults, encode: encodeOf(sink) };
    if (sink.kind === "keyed") return new KeyedSink({ ...shared, rows: this.#rows });
    return new DatabaseSink({
      ...shared,
      database: this.#database,
      lanes: sink.lanes,
      misuse: (message) => this.#invariants.violate(`used wrongly: ${message}`),
      onSettled: async () => {},
    });
  }

  /** Its positions in the state store were advanced by a process. */
  async onStateCommit(process: string, advanced: readonly Progress[], advances: readonly Advance[]): Promise<void> {
    for (const { split, epoch } of advances) {
      const owner = advanced.find((progress) => progress.split === split)?.epoch;
      if (epoch !== owner) this.#invariants.violate(`${split} was advanced at epoch ${epoch}, but ${owner} owns it`);
    }
    this.#move(process, advanced);
    this.#invariants.counted(advanced);
    for (const { split, position } of advanced) {
      const due = this.#records(split, position).flatMap(({ rows }) => rows.map(canonicalRow));
      const there = new Set([...this.#rows].map(canonicalRow));
      const missing = due.find((row) => !there.has(row));
      if (missing !== undefined) this.#invariants.violate(`${split} stands at ${position.ordinal} without ${missing}`);
    }
    this.#invariants.kept(
      advanced.map(({ split, position }) => ({ split, to: position })),
      await this.#options.inState(),
      "all",
    );
  }

  /** The source was told that all sinks have come so far. */
  onTold(split: string, { ordinal }: Position): void {
    if (this.#ordinal(split) < Number(ordinal))
      this.#invariants.violate(`the source is told ${ordinal} of ${split}, but it stands at ${this.#ordinal(split)}`);
  }

  async checkEnd(): Promise<void> {
    const { sink, inState } = this.#options;
    const isDatabase = sink.kind === "database";
    const rows = isDatabase ? this.#database.rows : [...this.#rows];
    this.#invariants.published(rows);
    const withData = isDatabase ? this.#database.rejects.list({ job: JOB, limit: EVERY }) : [];
    const progress = isDatabase ? this.#database.progress("") : [...this.#reached.values()];
    this.#invariants.complete(progress, [...(await inState()), ...withData]);
  }

  #onCommit(commit: {
    readonly by: string;
    readonly rows: readonly string[];
    readonly advances: readonly Advance[];
    readonly rejects: readonly Reject[];
  }): void {
    const alone = this.#options.plan.sinks.length === 1;
    this.#invariants.durable({ ...commit, due: alone ? "all" : "own" });
    const advanced = commit.advances.map(({ split, epoch, to, counts }) => ({ split, epoch, position: to, counts }));
    this.#move(commit.by, advanced);
    if (alone) return;
    void this.#options.inState().then((kept) => this.#invariants.kept(commit.advances, kept, "common"));
  }

  #move(process: string, advanced: readonly Progress[]): void {
    const { sink, onDurable } = this.#options;
    const before = this.consumed;
    for (const progress of advanced) this.#reached.set(progress.split, progress);
    onDurable(process, sink.name, this.consumed - before);
  }

  #ordinal(split: string): number {
    return Number(this.#reached.get(split)?.position.ordinal ?? 0n);
  }

  #records(split: string, { ordinal }: Position): readonly ExpectedRecord[] {
    return this.#expected.get(split)?.slice(0, Number(ordinal)) ?? [];
  }
}

function expectedOf({ plan, sink }: LiveSinkOptions): ReadonlyMap<string, readonly ExpectedRecord[]> {
  const { decode, transform, splits, sinks } = plan;
  const treatment = {
    decode,
    transform,
    mended: null,
    route: false,
    sink: sink.name,
    sinks: sinks.map(({ name }) => name),
    check: sink.check,
    unique: sink.unique,
  };
  return new Map(splits.map((split) => [split.id, expectedRecords(split, treatment)]));
}

function encodeOf({ name, findColumns }: LiveSinkPlan): EncodeSpec {
  return {
    sink: name,
    format: "jsonl",
    options: {},
    columns: null,
    needsColumns: findColumns,
    onUnknownField: "error",
  };
}
