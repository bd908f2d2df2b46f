/** A sink that keeps its rows in memory, with their positions in the same step: for tests of jobs. */
import type { SinkDefinition, SinkUse } from "../core/ports/connector.ts";
import { MillraceError } from "../core/errors.ts";
import { NO_COUNTS } from "../core/ledger.ts";
import { rowsOf, withoutRecords } from "../core/output-rows.ts";
import type { EncodeSpec } from "../core/ports/format.ts";
import type {
  Advance,
  BoundSink,
  Claim,
  Progress,
  SinkSession,
  SinkUnit,
  SinkWriter,
  UnfinishedRun,
  WriteOutcome,
} from "../core/ports/sink.ts";
import type { Reject } from "../core/reject.ts";
import type { SinkOutput } from "../core/result.ts";
import { openMemoryStore } from "../state/memory.ts";

/** How a {@link MemorySink} behaves. */
export interface MemorySinkOptions {
  /** The reason why the sink cannot take a record, or undefined when it takes it. */
  readonly refuse?: (record: unknown) => string | undefined;
  /** Units that may be open at once; 1 when absent. */
  readonly lanes?: 1 | 2;
}

/** What one run has left in a scope. */
interface ScopeState {
  readonly run: string;
  readonly job: string;
  readonly startedAt: string;
  readonly progress: Map<string, Progress>;
  ended: boolean;
}

/**
 * A table in memory, as a job's `sink`. Outlives the runs that write to it, as a database does: what was committed stays,
 * an earlier owner of a split is fenced off, and a commit takes effect with its positions or not at all.
 *
 * @example
 * const table = new MemorySink({ refuse: ({ price }) => (price < 0 ? "negative price" : undefined) });
 * await runJob(defineJob({ name: "orders", source, sink: table }), { state: "memory:" });
 * table.records; // [{ id: 1, price: 9.9 }]
 */
export class MemorySink implements SinkUse {
  readonly type = "module";
  readonly module: SinkDefinition;
  readonly options = {};
  readonly #lanes: 1 | 2;
  readonly #refuse: (record: unknown) => string | undefined;
  readonly #lines: string[] = [];
  readonly #rejects = openMemoryStore();
  readonly #scopes = new Map<string, ScopeState>();
  #units = 0;

  constructor({ refuse = () => undefined, lanes = 1 }: MemorySinkOptions = {}) {
    this.#refuse = refuse;
    this.#lanes = lanes;
    this.module = {
      side: "sink",
      name: "memory",
      effect: "once",
      resolve: async (_options, { name }) => this.#bind(name),
    };
  }

  /** The committed rows, one JSON text each, in the order of their commits. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** The committed records. */
  get records(): readonly unknown[] {
    return this.#lines.map((line) => JSON.parse(line) as unknown);
  }

  /** The rejects that were committed with the rows. */
  async rejects(): Promise<readonly Reject[]> {
    const jobs = new Set(Array.from(this.#scopes.values(), ({ job }) => job));
    const kept = Array.from(jobs, (job) => this.#rejects.listRejects({ job, limit: Number.MAX_SAFE_INTEGER }));
    return (await Promise.all(kept)).flat().map(({ id: _id, takenBy: _takenBy, ...reject }) => reject);
  }

  /** Units that are neither committed nor rolled back. */
  get openUnits(): number {
    return this.#units;
  }

  #bind(sink: string): BoundSink {
    const encode: EncodeSpec = {
      sink,
      format: "jsonl",
      options: {},
      columns: null,
      needsColumns: false,
      onUnknownField: "error",
    };
    return {
      label: "memory",
      encode,
      positions: "sink",
      resume: "position",
      appends: true,
      rejects: this.#rejects,
      open: async (session) => this.#open(session),
      unfinished: async (job) => this.#unfinished(job),
      abandon: async (_job, run) => {
        for (const scope of this.#scopes.values()) if (scope.run === run) scope.ended = true;
      },
      [Symbol.asyncDispose]: async () => {},
    };
  }

  #open(session: SinkSession): SinkWriter {
    const scope = this.#scopeOf(session);
    const open = new Set<SinkUnit>();
    return {
      lanes: this.#lanes,
      claim: async (claims) => claims.map((claim) => claimed(scope, claim)),
      progress: async (splits = [...scope.progress.keys()]) =>
        splits.flatMap((split) => scope.progress.get(split) ?? []),
      begin: async (mode) => {
        const unit = this.#begin(mode, scope, () => open.delete(unit));
        open.add(unit);
        return unit;
      },
      finish: async () => {
        scope.ended = true;
      },
      [Symbol.asyncDispose]: async () => {
        for (const unit of open) await unit.rollback();
      },
    };
  }

  #begin(mode: "fast" | "careful", scope: ScopeState, onEnd: () => void): SinkUnit {
    const rows: string[] = [];
    let isOpen = true;
    this.#units++;
    const end = (): void => {
      if (isOpen) this.#units--;
      isOpen = false;
      onEnd();
    };
    return {
      write: async (output) => {
        const { taken, outcome } = this.#judge(output, mode);
        rows.push(...rowsOf(taken).map((row) => Buffer.from(row).toString().trimEnd()));
        return outcome;
      },
      commit: async (advances, rejects) => {
        const next = advances.map((advance) => advanced(scope, advance));
        for (const progress of next) scope.progress.set(progress.split, progress);
        this.#lines.push(...rows);
        end();
        await this.#rejects.addRejects(rejects);
      },
      rollback: async () => end(),
    };
  }

  /** One output that is refused takes those of the same record with it. */
  #judge(output: SinkOutput, mode: "fast" | "careful"): { readonly taken: SinkOutput; readonly outcome: WriteOutcome } {
    const refused = new Map<number, { readonly output?: number; readonly message: string }>();
    const seen = new Map<number, number>();
    const perRecord = Map.groupBy(output.recordOfRow, (record) => record);
    rowsOf(output).forEach((row, index) => {
      const record = output.recordOfRow[index] as number;
      const number = seen.get(record) ?? 0;
      seen.set(record, number + 1);
      const message = this.#refuse(JSON.parse(Buffer.from(row).toString()));
      if (message === undefined || refused.has(record)) return;
      refused.set(record, { message, ...((perRecord.get(record)?.length ?? 0) > 1 && { output: number }) });
    });
    if (refused.size > 0 && mode === "fast") {
      throw new MillraceError("ROW_REFUSED", `memory: ${[...refused.values()][0]?.message ?? ""}`);
    }
    const rejects = [...refused].map(([record, about]) => ({ record, code: "ROW_REFUSED", ...about }));
    return {
      taken: refused.size === 0 ? output : withoutRecords(output, new Set(refused.keys())),
      outcome: { rejects },
    };
  }

  #scopeOf({ job, scope, sink, run }: SinkSession): ScopeState {
    const key = JSON.stringify([job, scope, sink]);
    const before = this.#scopes.get(key);
    const startedAt = before?.startedAt ?? new Date(0).toISOString();
    const state = { job, run, startedAt, progress: before?.progress ?? new Map<string, Progress>(), ended: false };
    this.#scopes.set(key, state);
    return state;
  }

  #unfinished(job: string): readonly UnfinishedRun[] {
    return [...this.#scopes].flatMap(([key, { job: own, run, startedAt, progress, ended }]) => {
      const [, scope] = JSON.parse(key) as [string, string, string];
      if (ended || own !== job) return [];
      const written = [...progress.values()].reduce((sum, { counts }) => sum + counts.written, 0);
      return [{ run, scope, startedAt, written }];
    });
  }
}

function claimed({ progress }: ScopeState, { split, origin, fingerprint }: Claim): Progress {
  const stored = progress.get(split);
  const fresh = { split, position: origin, counts: NO_COUNTS, ...(fingerprint !== undefined && { fingerprint }) };
  const row = { ...(stored ?? fresh), epoch: (stored?.epoch ?? 0) + 1 };
  progress.set(split, row);
  return row;
}

/** @throws MillraceError FENCED */
function advanced({ progress }: ScopeState, { split, epoch, from, to, counts }: Advance): Progress {
  const row = progress.get(split);
  if (row?.epoch === epoch && row.position.ordinal === from) return { ...row, position: to, counts };
  throw new MillraceError("FENCED", `memory: split ${split} was taken over by another process`);
}
