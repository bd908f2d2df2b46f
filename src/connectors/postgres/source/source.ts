/** The Postgres source: a table or query by COPY, in key order, so that reading can go on behind any row. */
import { abortError } from "../../../core/clock.ts";
import { MillraceError } from "../../../core/errors.ts";
import { assertFieldsThere } from "../../../core/field-names.ts";
import type { DecodeSpec } from "../../../core/ports/format.ts";
import type { SeenSplit } from "../../../core/ports/sink.ts";
import type {
  BoundSource,
  FrameReader,
  SourceConnector,
  SourceContext,
  SplitPlan,
} from "../../../core/ports/source.ts";
import type { Position } from "../../../core/position.ts";
import type { PostgresSourceOptions } from "../options.ts";
import { Fence } from "./fence.ts";
import { findBounds, parsePlan, planText, rangeOf, type RangePlan } from "./ranges.ts";
import { assertKeyNotNull, orderOf } from "./order.ts";
import { assertColumn, readRelation, type Relation, type SourceColumn } from "./relation.ts";
import { copyStatement, type RowRange } from "./row-range.ts";
import { RowReader } from "./row-reader.ts";
import { RowWords } from "./row-words.ts";
import { Server } from "./server.ts";
import { Snapshot } from "./snapshot.ts";

/** Reads tables and queries. */
export const postgresSource: SourceConnector<PostgresSourceOptions> = { resolve };

/** Resume word before the first row. */
const ORIGIN = "";

async function resolve(options: PostgresSourceOptions, context: SourceContext): Promise<BoundSource> {
  const server = await Server.find(options, context);
  const found = await server.ask("looking at what to read", context.signal, async (connection) => {
    const relation = await readRelation(connection, options);
    const order = orderOf(relation, options);
    await assertKeyNotNull(connection, relation);
    const plan: RangePlan = { order, bounds: await findBounds(connection, relation, options.splits) };
    return { relation, plan };
  });
  assertNames(found.relation, context.decode);
  return new PostgresSource({ ...found, options, context, server, snapshot: new Snapshot(server), upTo: null });
}

/** @throws MillraceError COLUMN_UNKNOWN, HEADER_INVALID for what `columns`, `select` and `rename` name */
function assertNames({ name: relation, columns }: Relation, decode: DecodeSpec): void {
  const { columns: declared, select = [], rename = {} } = decode;
  for (const name of Object.keys(declared)) assertColumn(`columns.${name}`, name, columns, relation);
  for (const name of select) assertColumn("select", name, columns, relation);
  for (const name of Object.keys(rename)) assertColumn(`rename.${name}`, name, columns, relation);
  // two fields of one name are all that is left to find
  assertFieldsThere(
    relation,
    columns.map(({ name }) => name),
    decode,
  );
}

interface Parts {
  readonly options: PostgresSourceOptions;
  readonly context: SourceContext;
  readonly server: Server;
  readonly relation: Relation;
  readonly plan: RangePlan;
  /** Shared with what goes on in this one's place. */
  readonly snapshot: Snapshot;
  /** The greatest cursor that is read; null: all there is. */
  readonly upTo: string | null;
}

class PostgresSource implements BoundSource {
  readonly label: string;
  readonly splits: readonly SplitPlan[];
  readonly decode: DecodeSpec;
  readonly #parts: Parts;
  readonly #columns: readonly SourceColumn[];
  #fence: Fence | undefined;
  #sessions = 0;

  /** @param splits those that have something new, where that is known */
  constructor(parts: Parts, splits?: readonly SplitPlan[]) {
    const { context, relation, plan } = parts;
    const { select } = context.decode;
    this.#parts = parts;
    this.label = `postgres ${relation.name}${plan.order.length === 0 ? " (no key: a run that is broken off begins anew)" : ""}`;
    this.#columns = relation.columns.filter(
      ({ name }) => select === undefined || select.includes(name) || plan.order.includes(name),
    );
    const fields = this.#columns.map(({ name, type }) => [name, type]);
    this.decode = { ...context.decode, options: { ...context.decode.options, fields } };
    this.splits = splits ?? this.#planned();
  }

  async open(split: SplitPlan, from: Position, signal: AbortSignal): Promise<FrameReader> {
    if (signal.aborted) throw abortError(signal);
    const { server, relation, snapshot } = this.#parts;
    const plan = this.#planOf(split);
    const range = this.#rangeOf(split, plan);
    if (range === undefined) return nothing();
    const names = this.#columns.map(({ name }) => name);
    const words = plan.order.length === 0 ? null : new RowWords(names, plan.order);
    const after = from.token === ORIGIN ? null : (words?.valuesOf(from.token) ?? null);
    if (after === null && from.token !== ORIGIN) throw cannotGoOn(split, relation);
    const isShared = this.splits.length > 1;
    return new RowReader({
      server,
      name: split.id,
      snapshot: isShared ? () => snapshot.id() : null,
      statement: (behind) => copyStatement(relation, range, this.#columns, behind),
      words,
      after,
      signal,
      sessions: (change) => {
        this.#sessions += change;
      },
    });
  }

  readBy(run: string): void {
    this.#parts.server.run = run;
  }

  /** The ranges that the run began with, whatever the table has become since. */
  asPlanned(seen: readonly SeenSplit[]): BoundSource {
    const plan = parsePlan(seen[0]?.fingerprint ?? "");
    return plan !== undefined && isSameOrder(plan, this.#parts.plan)
      ? new PostgresSource({ ...this.#parts, plan })
      : this;
  }

  async continueFrom(): Promise<BoundSource> {
    const { options, server, relation, context } = this.#parts;
    const { cursor, lag: lagMs } = options;
    if (cursor === undefined) return this;
    this.#fence ??= new Fence({ server, relation, cursor, lagMs, context });
    const upTo = await this.#fence.close();
    return new PostgresSource({ ...this.#parts, upTo }, upTo === null ? [] : this.splits);
  }

  async look(): Promise<string> {
    const { plan } = this.#parts;
    const order = plan.order.length === 0 ? "in no order" : `in the order of ${plan.order.join(", ")}`;
    const columns = this.#columns.map(({ name, type }) => `${name} ${type}`).join(", ");
    return `${this.splits.length === 1 ? "read" : `${this.splits.length} key ranges, read`} ${order}, columns ${columns}`;
  }

  pools(): { readonly [name: string]: number } {
    return { source: this.#sessions };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.snapshot[Symbol.asyncDispose]();
  }

  #planned(): readonly SplitPlan[] {
    const { options, relation, plan } = this.#parts;
    const fields = this.#columns.map(({ name }) => name);
    const about = { origin: ORIGIN, fields, fingerprint: planText(plan) };
    if (options.splits === 1) return [{ id: relation.name, ...about }];
    const width = String(options.splits).length;
    return Array.from({ length: options.splits }, (_, index) => ({
      id: `${relation.name} ${String(index + 1).padStart(width, "0")}/${options.splits}`,
      ...about,
    }));
  }

  /** @throws MillraceError SOURCE_CHANGED when its rows are told apart by other columns now */
  #planOf({ id, fingerprint }: SplitPlan): RangePlan {
    const { plan, relation } = this.#parts;
    const planned = fingerprint === undefined ? plan : parsePlan(fingerprint);
    if (planned !== undefined && isSameOrder(planned, plan)) return planned;
    throw new MillraceError(
      "SOURCE_CHANGED",
      `${id}: ${relation.name} was read in the order of ${planned?.order.join(", ") ?? "something else"}, and is now in that of ` +
        `${plan.order.join(", ")}; name the former in source.key, or begin again with --restart`,
    );
  }

  #rangeOf({ id }: SplitPlan, plan: RangePlan): RowRange | undefined {
    const { upTo, options } = this.#parts;
    if (options.incremental) return { order: plan.order, ...(upTo !== null && { upTo }) };
    const index = this.splits.findIndex((split) => split.id === id);
    return index < 0 ? undefined : rangeOf(plan, index, this.splits.length);
  }
}

function isSameOrder(one: RangePlan, other: RangePlan): boolean {
  return JSON.stringify(one.order) === JSON.stringify(other.order);
}

function cannotGoOn({ id }: SplitPlan, { name, key }: Relation): MillraceError {
  const why = key.length === 0 ? `${name} has no key` : "the stored position is none of this source";
  return new MillraceError(
    "SOURCE_CHANGED",
    `${id}: ${why}, so its reading cannot go on in the middle; name columns that tell its rows apart in source.key, or begin ` +
      "again with --restart",
  );
}

function nothing(): FrameReader {
  return { kind: "frames", read: () => Promise.resolve(undefined), [Symbol.asyncDispose]: async () => {} };
}
