/** What has to come of a replay, told from the rejects that are there before it begins. */
import type { StoredReject } from "../../src/core/ports/reject-shelf.ts";
import { decodeRaw, type Reject } from "../../src/core/reject.ts";
import { type ExpectedRecord, type ExpectedReject, expectedRecords } from "./expected.ts";
import type { Mended, SimulationPlan } from "./plan.ts";

/** A reject that is tried again. */
export interface TriedReject {
  readonly origin: StoredReject;
  /** The sinks that lack its record, each with the rows that it is to get. */
  readonly rows: ReadonlyMap<string, readonly string[]>;
  /** What it is afterwards; nothing where its record goes through everywhere. */
  readonly becomes: readonly Reject[];
}

/** A replay's records, by the split that they are read as: those of a sink that lacks them alone are apart. */
export class ReplayTruth {
  readonly tried: readonly TriedReject[];
  readonly #expected = new Map<string, Map<string, readonly ExpectedRecord[]>>();
  readonly #splitOfTag = new Map<string, string>();
  readonly #sinks: readonly string[];

  /** @param rejects of every place in the order of their numbers there */
  constructor(plan: SimulationPlan, mended: Mended, rejects: readonly StoredReject[]) {
    this.#sinks = plan.sinks.map(({ name }) => name);
    const several = plan.sinks.length > 1;
    const splits = Map.groupBy(rejects, ({ split, sink }) =>
      several && sink !== undefined ? `${split} -> ${sink}` : split,
    );
    this.tried = [...splits].flatMap(([id, same]) => this.#split(plan, mended, id, same));
  }

  /** The sinks that lack something. */
  get lacking(): readonly string[] {
    return [...this.#expected.keys()];
  }

  /** What a sink is to get, by split. */
  expectedOf(sink: string): ReadonlyMap<string, readonly ExpectedRecord[]> {
    return this.#expected.get(sink) ?? new Map();
  }

  /** The split as which a sink is given the record of a row. */
  splitOf(sink: string, row: string): string {
    const tag = tagOf(row);
    return this.#splitOfTag.get(`${sink} ${tag}`) ?? `another split than that of ${tag}`;
  }

  #split(plan: SimulationPlan, mended: Mended, id: string, same: readonly StoredReject[]): readonly TriedReject[] {
    const [{ split, sink }] = same as [StoredReject];
    const sinks = id === split ? this.#sinks : this.#sinks.filter((name) => name === sink);
    const pieces = same.map(decodeRaw);
    const ends = new Int32Array(pieces.length);
    pieces.reduce((sum, piece, index) => (ends[index] = sum + piece.byteLength), 0);
    const fields = plan.splits.find((one) => one.id === split)?.fields;
    const data = { id, bytes: Buffer.concat(pieces), ends, fields, sized: false };
    const bySink = new Map(
      sinks.map((name) => {
        const { check = false, unique = false } = plan.sinks.find((one) => one.name === name) ?? {};
        const treatment = { ...plan, mended, transform: true, sink: name, sinks: this.#sinks, check, unique };
        return [name, expectedRecords(data, treatment).map((record, at) => placed(record, same[at] as StoredReject))];
      }),
    );
    for (const [name, records] of bySink) this.#give(name, id, records, same);
    return same.map((origin, at) => {
      const records = [...bySink].map(([name, all]) => [name, all[at] as ExpectedRecord] as const);
      const again = records.flatMap(([, { reject }]) => (reject === null ? [] : [becomes(origin, reject)]));
      return {
        origin,
        rows: new Map(records.map(([name, record]) => [name, record.rows])),
        becomes: [...new Map(again.map((reject) => [rejectKey(reject), reject])).values()],
      };
    });
  }

  #give(sink: string, id: string, records: readonly ExpectedRecord[], same: readonly StoredReject[]): void {
    const splits = this.#expected.get(sink) ?? new Map<string, readonly ExpectedRecord[]>();
    this.#expected.set(sink, splits.set(id, records));
    for (const origin of same) this.#splitOfTag.set(`${sink} ${tagOf(decodeRaw(origin).toString())}`, id);
  }
}

/** By what a place tells rejects apart. */
export function rejectKey({ scope, split, position, sink, output }: Reject): string {
  return JSON.stringify([scope, split, position.token, sink ?? "", output ?? ""]);
}

/** A record that is refused again bears the number of its reject. */
function placed(record: ExpectedRecord, { id }: StoredReject): ExpectedRecord {
  return record.reject === null ? record : { ...record, reject: { ...record.reject, token: String(id) } };
}

function becomes(
  { id: _id, takenBy: _taken, output: _output, ...origin }: StoredReject,
  { stage, code, output, sink = origin.sink }: ExpectedReject,
): Reject {
  return {
    ...origin,
    stage,
    code,
    ...(sink === undefined ? {} : { sink }),
    ...(output === undefined ? {} : { output }),
    attempts: origin.attempts + 1,
  };
}

function tagOf(text: string): string {
  return /s\d+#\d+/.exec(text)?.[0] ?? "no record";
}
