/** The sink over the simulated database: positions and rejects go with the rows. */
import { MillraceError } from "../../../src/core/errors.ts";
import type { EncodeSpec } from "../../../src/core/ports/format.ts";
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
} from "../../../src/core/ports/sink.ts";
import type { RejectShelf } from "../../../src/core/ports/reject-shelf.ts";
import type { Reject } from "../../../src/core/reject.ts";
import type { SinkOutput } from "../../../src/core/result.ts";
import { type Database, Transaction } from "./database.ts";
import type { Fates } from "./faults.ts";
import { request } from "./network.ts";
import type { SimulatedProcess } from "./process.ts";

/** How long the server keeps the transaction of a client that has gone, at most. */
const LINGER_MS = 8_000;

/** What a {@link DatabaseSink} needs. */
export interface DatabaseSinkOptions {
  readonly database: Database;
  readonly process: SimulatedProcess;
  readonly faults: Fates;
  readonly encode: EncodeSpec;
  readonly lanes: 1 | 2;
  /** Told of every mistake in the use of the port. */
  readonly misuse: (message: string) => void;
  /** Told that a replay has settled something. */
  readonly onSettled: () => Promise<void>;
}

/** One process's sink. */
export class DatabaseSink implements BoundSink {
  readonly label = "simulated database";
  readonly positions = "sink";
  readonly resume = "position";
  readonly appends = true;
  readonly rejects: RejectShelf;
  readonly #options: DatabaseSinkOptions;

  constructor(options: DatabaseSinkOptions) {
    this.#options = options;
    this.rejects = rejectsOver(options);
  }

  get encode(): EncodeSpec {
    return this.#options.encode;
  }

  async open(session: SinkSession): Promise<SinkWriter> {
    await ask(this.#options, "sink: open", () => {});
    return new DatabaseWriter(this.#options, session);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

class DatabaseWriter implements SinkWriter {
  readonly lanes: 1 | 2;
  readonly #options: DatabaseSinkOptions;
  readonly #scope: string;
  readonly #units = new Set<DatabaseUnit>();
  #closed = false;

  constructor(options: DatabaseSinkOptions, { signal, scope }: SinkSession) {
    this.#options = options;
    this.#scope = scope;
    this.lanes = options.lanes;
    if (signal.aborted) throw new MillraceError("ABORTED", "simulated: opened for nothing");
  }

  claim(claims: readonly Claim[]): Promise<readonly Progress[]> {
    return ask(this.#options, "sink: claim", () => this.#options.database.claim(this.#scope, claims));
  }

  progress(splits?: readonly string[]): Promise<readonly Progress[]> {
    const { database } = this.#options;
    return ask(this.#options, "sink: progress", () =>
      database.settled(this.#scope, splits ?? database.progress(this.#scope).map(({ split }) => split)),
    );
  }

  async begin(mode: "fast" | "careful", _columns: readonly string[] | null): Promise<SinkUnit> {
    await ask(this.#options, "sink: begin", () => {});
    if (this.#closed) throw closed();
    const unit: DatabaseUnit = new DatabaseUnit(this.#options, mode, this.#scope, () => this.#units.delete(unit));
    this.#units.add(unit);
    if (this.#units.size > this.lanes)
      this.#options.misuse(`${this.#units.size} units are open on ${this.lanes} lanes`);
    return unit;
  }

  async finish(): Promise<void> {
    await ask(this.#options, "sink: finish", () => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#units].map((unit) => unit.close()));
  }
}

/** One transaction's client. A lost connection leaves it to the server to notice. */
class DatabaseUnit implements SinkUnit {
  readonly #options: DatabaseSinkOptions;
  readonly #mode: "fast" | "careful";
  readonly #onEnd: () => void;
  readonly #transaction: Transaction;
  /** A bad row that the server tells only at the end of a COPY. */
  #deferred: MillraceError | null = null;
  #ended = false;
  #closed = false;
  #lost = false;

  constructor(options: DatabaseSinkOptions, mode: "fast" | "careful", scope: string, onEnd: () => void) {
    this.#options = options;
    this.#mode = mode;
    this.#transaction = new Transaction(scope, options.process.name);
    this.#onEnd = onEnd;
    options.process.onBreak(() => this.#lingers());
  }

  async write(output: SinkOutput): Promise<WriteOutcome> {
    this.#assertUsable("write");
    const rows = rowsOf(output);
    const rejects = await this.#ask("write", () =>
      this.#mode === "careful" ? this.#scan(rows, output) : this.#copy(rows),
    );
    return { rejects };
  }

  async commit(advances: readonly Advance[], rejects: readonly Reject[]): Promise<void> {
    this.#assertUsable("commit");
    const { database } = this.#options;
    try {
      await this.#ask("end rows", () => {
        if (this.#deferred !== null) throw this.#deferred;
      });
      await this.#ask("advance", () => database.advance(this.#transaction, advances));
      await this.#ask("rejects", () => {
        this.#transaction.rejects = rejects;
      });
      await this.#ask("commit", () => database.commit(this.#transaction), ambiguous);
    } catch (thrown) {
      await this.rollback();
      throw thrown;
    }
    this.#end();
  }

  /** The writer is closed under it: whoever still uses it is told so. */
  close(): Promise<void> {
    this.#closed = true;
    return this.rollback();
  }

  async rollback(): Promise<void> {
    if (this.#ended) return;
    this.#end();
    if (this.#lost) return;
    const { process, database } = this.#options;
    await process.step("sink: rollback");
    database.abort(this.#transaction);
  }

  async #copy(rows: readonly string[]): Promise<readonly WriteReject[]> {
    const { database, process } = this.#options;
    if (this.#deferred !== null) return [];
    const refusal = await database.insert(this.#transaction, rows);
    if (refusal === null) return [];
    const error = new MillraceError("ROW_REFUSED", `simulated: ${refusal.message}`);
    if (process.scheduler.chance(0.5)) throw error;
    this.#deferred = error;
    return [];
  }

  /** Record by record, each behind a savepoint. */
  async #scan(rows: readonly string[], { recordOfRow }: SinkOutput): Promise<readonly WriteReject[]> {
    const { database } = this.#options;
    const rejects: WriteReject[] = [];
    for (let begin = 0; begin < rows.length; ) {
      const record = recordOfRow[begin] as number;
      const end = recordOfRow.lastIndexOf(record) + 1;
      const savepoint = this.#transaction.rows.length;
      const refusal = await database.insert(this.#transaction, rows.slice(begin, end));
      if (refusal !== null) {
        database.undo(this.#transaction, savepoint);
        const output = end - begin > 1 ? { output: refusal.row } : {};
        rejects.push({ record, ...output, code: "ROW_REFUSED", message: refusal.message });
      }
      begin = end;
    }
    return rejects;
  }

  #ask<T>(name: string, work: () => Promise<T> | T, unknown?: (name: string) => MillraceError): Promise<T> {
    return ask(this.#options, `sink: ${name}`, work, {
      onLost: () => this.#lingers(),
      ...(unknown && { ambiguous: unknown }),
    });
  }

  #lingers(): void {
    if (this.#lost || this.#transaction.state !== "open") return;
    this.#lost = true;
    const { database, process } = this.#options;
    const { scheduler } = process;
    scheduler.after(
      `${process.name}: the server drops a transaction`,
      () => database.abort(this.#transaction),
      scheduler.between(0, LINGER_MS),
    );
  }

  #end(): void {
    this.#ended = true;
    this.#onEnd();
  }

  #assertUsable(verb: string): void {
    if (this.#closed) throw closed();
    if (this.#ended) this.#options.misuse(`${verb} on a unit that has ended`);
  }
}

/** The rejects beside the rows, over the network. */
function rejectsOver(options: DatabaseSinkOptions): RejectShelf {
  const { rejects } = options.database;
  return {
    listRejects: (filter) => ask(options, "sink: listRejects", () => rejects.list(filter)),
    groupRejects: (filter) => ask(options, "sink: groupRejects", () => rejects.group(filter)),
    takeRejects: (filter, replay) => ask(options, "sink: takeRejects", () => rejects.take(filter, replay)),
    settleRejects: (settlement) =>
      ask(options, "sink: settleRejects", () => {
        rejects.settle(settlement);
        return options.onSettled();
      }),
  };
}

function ask<T>(
  { process, faults }: DatabaseSinkOptions,
  name: string,
  work: () => Promise<T> | T,
  more: { onLost?: () => void; ambiguous?: (name: string) => MillraceError } = {},
): Promise<T> {
  return request({ process, faults, name, work, ...more });
}

function closed(): MillraceError {
  return new MillraceError("SINK_UNAVAILABLE", "simulated: the connection was closed");
}

function ambiguous(name: string): MillraceError {
  return new MillraceError("COMMIT_AMBIGUOUS", `simulated: ${name}: the connection was lost before the answer`);
}

/** The rows as text; a server has its own copy of what it was sent. */
export function rowsOf({ bytes, rows, rowEnds }: SinkOutput): readonly string[] {
  const all = Buffer.from(bytes.slice());
  return Array.from({ length: rows }, (_, row) =>
    all.toString("utf8", row === 0 ? 0 : rowEnds[row - 1], rowEnds[row]).trimEnd(),
  );
}
