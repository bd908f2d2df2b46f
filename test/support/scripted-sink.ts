/** A sink whose positions live with its rows, and that fails as it is told. */
import { MillraceError } from "../../src/core/errors.ts";
import type { EncodeSpec } from "../../src/core/ports/format.ts";
import { NO_COUNTS } from "../../src/core/ledger.ts";
import type {
  Advance,
  BoundSink,
  Claim,
  Progress,
  SinkSession,
  SinkUnit,
  SinkWriter,
  WriteOutcome,
  WriteReject,
} from "../../src/core/ports/sink.ts";
import type { RejectShelf } from "../../src/core/ports/reject-shelf.ts";
import type { Reject } from "../../src/core/reject.ts";
import type { SinkOutput } from "../../src/core/result.ts";
import { openMemoryStore } from "../../src/state/memory.ts";

/** Where a sink can fail. */
export type Step = "begin" | "write" | "commit" | "progress" | "finish";

/** What happens at a step instead of success; `lost`: the commit happens and its reply does not come. */
export type Mishap = Error | "lost";

/** Rows of a whole number of records, as the threads would hand them over. */
export function rowsOf({ bytes, rows, rowEnds }: SinkOutput): readonly string[] {
  const all = Buffer.from(bytes.slice());
  return Array.from({ length: rows }, (_, row) => all.toString("utf8", row === 0 ? 0 : rowEnds[row - 1], rowEnds[row]));
}

export class ScriptedSink implements SinkWriter {
  readonly lanes: 1 | 2;
  /** Durable rows, in the order of their commits. */
  readonly rows: string[] = [];
  readonly rejects: Reject[] = [];
  /** Every call: `fast`, `careful`, `write 2`, `commit`, `rollback`, `progress`. */
  readonly log: string[] = [];
  progressRows = new Map<string, Progress>();
  /** Rows that the server refuses, by their text. */
  readonly bad = new Set<string>();
  /** Called before each step of a kind succeeds; a test holds a step up with it. */
  readonly gates = new Map<Step, () => Promise<void>>();
  readonly #mishaps = new Map<Step, (Mishap | null)[]>();
  /** Whether bad rows are told of late, by `answers`. */
  answersLate = false;
  /** The row behind which a unit must not be closed as long as more comes. */
  midwayBehind: string | null = null;
  openUnits = 0;

  constructor(progress: readonly Progress[], lanes: 1 | 2 = 1) {
    this.lanes = lanes;
    for (const row of progress) this.progressRows.set(row.split, row);
  }

  /** The next times this step is taken; null: it succeeds. */
  plan(step: Step, ...mishaps: (Mishap | null)[]): void {
    this.#mishaps.set(step, [...(this.#mishaps.get(step) ?? []), ...mishaps]);
  }

  /** Takes the splits over. */
  async claim(claims: readonly Claim[]): Promise<readonly Progress[]> {
    this.log.push("claim");
    return claims.map(({ split, origin, fingerprint }) => {
      const stored = this.progressRows.get(split);
      const fresh = {
        split,
        position: origin,
        counts: NO_COUNTS,
        ...(fingerprint === undefined ? {} : { fingerprint }),
      };
      const row = { ...(stored ?? fresh), epoch: (stored?.epoch ?? 0) + 1 };
      this.progressRows.set(split, row);
      return row;
    });
  }

  async progress(splits: readonly string[] = [...this.progressRows.keys()]): Promise<readonly Progress[]> {
    this.log.push("progress");
    await this.#step("progress");
    return splits.flatMap((split) => this.progressRows.get(split) ?? []);
  }

  async begin(mode: "fast" | "careful"): Promise<SinkUnit> {
    this.log.push(mode);
    await this.#step("begin");
    this.openUnits++;
    const unit = new ScriptedUnit(this, mode, (step) => this.#step(step));
    return this.answersLate ? lateUnit(unit, this) : unit;
  }

  async finish(): Promise<void> {
    this.log.push("finish");
    await this.#step("finish");
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #step(step: Step): Promise<"lost" | null> {
    await this.gates.get(step)?.();
    const mishap = this.#mishaps.get(step)?.shift() ?? null;
    if (mishap instanceof Error) throw mishap;
    return mishap;
  }
}

class ScriptedUnit implements SinkUnit {
  readonly #sink: ScriptedSink;
  readonly #mode: "fast" | "careful";
  readonly #step: (step: Step) => Promise<"lost" | null>;
  readonly #rows: string[] = [];

  constructor(sink: ScriptedSink, mode: "fast" | "careful", step: (step: Step) => Promise<"lost" | null>) {
    this.#sink = sink;
    this.#mode = mode;
    this.#step = step;
  }

  get midway(): boolean {
    return this.#rows.length > 0 && this.#rows.at(-1) === this.#sink.midwayBehind;
  }

  async write(output: SinkOutput): Promise<WriteOutcome> {
    const rows = rowsOf(output);
    this.#sink.log.push(`write ${rows.length}`);
    await this.#step("write");
    const bad = rows.flatMap((row, index) => (this.#sink.bad.has(row) ? [index] : []));
    if (bad.length > 0 && this.#mode === "fast" && !this.#sink.answersLate)
      throw new MillraceError("ROW_REFUSED", "some row is bad");
    const records = new Set(bad.map((row) => output.recordOfRow[row] as number));
    this.#rows.push(...rows.filter((_, row) => !records.has(output.recordOfRow[row] as number)));
    const rejects: WriteReject[] = [...records].map((record) => ({
      record,
      code: "ROW_REFUSED",
      message: `record ${record} is bad`,
    }));
    return { rejects };
  }

  async commit(advances: readonly Advance[], rejects: readonly Reject[]): Promise<void> {
    this.#sink.log.push("commit");
    const lost = await this.#step("commit");
    for (const { split, epoch, from, to, counts } of advances) {
      const row = this.#sink.progressRows.get(split);
      if (row?.epoch !== epoch || row.position.ordinal !== from)
        throw new MillraceError("FENCED", `${split} was taken over`);
      this.#sink.progressRows.set(split, { ...row, position: to, counts });
    }
    this.#sink.rows.push(...this.#rows);
    this.#sink.rejects.push(...rejects);
    this.#sink.openUnits--;
    if (lost === "lost") throw new MillraceError("COMMIT_AMBIGUOUS", "the reply to the commit was lost");
  }

  async rollback(): Promise<void> {
    this.#sink.log.push("rollback");
    this.#sink.openUnits--;
  }
}

/** Answers for all rows at once, when it is asked. */
function lateUnit(unit: SinkUnit, sink: ScriptedSink): SinkUnit {
  const outputs: SinkOutput[] = [];
  return {
    write: async (output) => {
      outputs.push(output);
      return { rejects: [] };
    },
    answers: async () => {
      sink.log.push("answers");
      const outcomes: WriteOutcome[] = [];
      for (const output of outputs) outcomes.push(await unit.write(output, { split: "", ordinal: 0n }));
      return outcomes;
    },
    commit: (advances, rejects) => unit.commit(advances, rejects),
    rollback: () => unit.rollback(),
  };
}

/** What a {@link ScriptedTable} is like. */
export interface TableOptions {
  readonly positions?: "sink" | "state";
  readonly resume?: "position" | "restart";
  readonly lanes?: 1 | 2;
  readonly encode?: Partial<EncodeSpec>;
  readonly known?: readonly string[];
}

/** A table that outlives the runs into it: what is opened is always the same scripted sink. */
export class ScriptedTable implements BoundSink {
  readonly label = "table orders";
  readonly appends = true;
  readonly positions: "sink" | "state";
  readonly resume: "position" | "restart";
  readonly encode: EncodeSpec;
  readonly known?: readonly string[];
  readonly sink: ScriptedSink;
  /** There, so that rejects go along with the rows; nobody looks into it. */
  readonly rejects: RejectShelf = openMemoryStore();
  readonly sessions: SinkSession[] = [];
  /** Runs that were given up. */
  readonly abandoned: string[] = [];
  /** Awaited when it is opened. */
  beforeOpen: () => Promise<void> = async () => {};
  /** Writers that were opened and not closed. */
  working = 0;
  readonly #scopes = new Map<string, Map<string, Progress>>();

  constructor({ positions = "sink", resume = "position", lanes = 1, encode = {}, known }: TableOptions = {}) {
    this.positions = positions;
    this.resume = resume;
    this.encode = {
      sink: "sink",
      format: "jsonl",
      options: {},
      columns: null,
      needsColumns: false,
      onUnknownField: "error",
      ...encode,
    };
    if (known !== undefined) this.known = known;
    this.sink = new ScriptedSink([], lanes);
  }

  async open(session: SinkSession): Promise<SinkWriter> {
    this.sessions.push(session);
    await this.beforeOpen();
    this.working++;
    const { sink } = this;
    sink.progressRows = this.#scopes.get(session.scope) ?? new Map();
    this.#scopes.set(session.scope, sink.progressRows);
    const common = {
      lanes: sink.lanes,
      begin: (mode: "fast" | "careful") => sink.begin(mode),
      finish: () => sink.finish(),
      [Symbol.asyncDispose]: async () => void this.working--,
    };
    if (this.positions === "state") return common;
    return { ...common, claim: (claims) => sink.claim(claims), progress: (splits) => sink.progress(splits) };
  }

  async abandon(_job: string, run: string): Promise<void> {
    this.abandoned.push(run);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
