/** What has to be true at every commit and at the end, whatever went wrong. */
import { isBalanced } from "../../src/core/ledger.ts";
import type { Advance, Progress } from "../../src/core/ports/sink.ts";
import type { Reject } from "../../src/core/reject.ts";
import { canonicalRow, type ExpectedRecord, type ExpectedReject } from "./expected.ts";

/** What became of the records of one split up to its position. */
interface SplitLedger {
  readonly records: readonly ExpectedRecord[];
  ordinal: number;
  epoch: number;
  rows: number;
  bytes: number;
  rejected: number;
}

/** A step that became durable, with all that became durable in it. */
export interface DurableStep {
  readonly rows: readonly string[];
  readonly advances: readonly Advance[];
  readonly rejects: readonly Reject[];
  /** Which rejects are due in this step; the others are kept elsewhere and checked there. */
  readonly due: DueRejects;
}

/** Rejects that belong to a place: all, those of the sink alone, or none. */
export type DueRejects = "all" | "own" | "none";

/** What has to come of a sink. */
export interface SinkTruth {
  readonly sink: string;
  readonly expected: ReadonlyMap<string, readonly ExpectedRecord[]>;
  /** What was there before and stays before all. */
  readonly base: readonly string[];
  /** Whether it is known which tokens rejects bear. */
  readonly tokens: boolean;
  /** The split that a row is of. */
  readonly splitOf: (row: string) => string;
  /** Told of every violation; the simulation stops at one. */
  readonly violate: (message: string) => void;
}

/** Holds one sink to what has to come of it. */
export class Invariants {
  readonly #sink: string;
  readonly #violate: (message: string) => void;
  readonly #base: readonly string[];
  readonly #tokens: boolean;
  readonly #splitOf: (row: string) => string;
  readonly #splits: ReadonlyMap<string, SplitLedger>;

  constructor({ sink, expected, base, tokens, splitOf, violate }: SinkTruth) {
    this.#tokens = tokens;
    this.#sink = sink;
    this.#violate = violate;
    this.#base = base;
    this.#splitOf = splitOf;
    this.#splits = new Map(
      [...expected].map(([split, records]) => [
        split,
        { records, ordinal: 0, epoch: 0, rows: 0, bytes: 0, rejected: 0 },
      ]),
    );
  }

  violate(message: string): void {
    this.#violate(`${this.#sink}: ${message}`);
  }

  /** Rows, rejects and positions in one step: exactly what the records between the old and the new positions have to give. */
  durable({ rows, advances, rejects, due }: DurableStep): void {
    const perSplit = this.#groupRows(rows);
    for (const split of perSplit.keys()) {
      if (!advances.some((advance) => advance.split === split)) this.violate(`rows of ${split} without its position`);
    }
    for (const advance of advances) {
      const ledger = this.#ledger(advance.split);
      this.#checkStep(advance, ledger);
      this.#advance(advance, ledger, perSplit.get(advance.split) ?? []);
      this.#checkRejects(advance, ledger, rejects, due);
      this.#checkCounts(advance, ledger);
      ledger.ordinal = Number(advance.to.ordinal);
    }
  }

  /** A part holds exactly the rows of everything before the positions. */
  part(rows: readonly string[], progress: readonly Progress[]): void {
    const perSplit = this.#groupAdded(rows);
    for (const [split, { records }] of this.#splits) {
      const at = progress.find((row) => row.split === split);
      const ordinal = Number(at?.position.ordinal ?? 0n);
      const expected = records.slice(0, ordinal).flatMap((record) => record.rows);
      this.#compareRows(`the part at ${split} ${ordinal}`, perSplit.get(split) ?? [], expected);
      if (at !== undefined && !(isBalanced(at.counts) && at.counts.read === ordinal))
        this.violate(`${split}: the ledger does not balance`);
    }
  }

  /** Whatever order they came in, the rows of everything before the positions are there. */
  there(rows: readonly string[], progress: readonly Progress[]): void {
    const there = new Set(rows.map(canonicalRow));
    for (const { split, position, counts } of progress) {
      const due = this.#ledger(split)
        .records.slice(0, Number(position.ordinal))
        .flatMap((record) => record.rows);
      const missing = due.find((row) => !there.has(canonicalRow(row)));
      if (missing !== undefined) this.violate(`${split} stands at ${position.ordinal} without ${missing}`);
      if (!isBalanced(counts)) this.violate(`${split}: the ledger does not balance`);
    }
  }

  /** What is there for all to see in the end is everything. */
  published(rows: readonly string[]): void {
    const perSplit = this.#groupAdded(rows);
    for (const [split, { records }] of this.#splits) {
      this.#compareRows(
        `${split} as published`,
        perSplit.get(split) ?? [],
        records.flatMap((record) => record.rows),
      );
    }
  }

  /** Positions of a scope that were advanced in a state store: what was counted is what has to be. */
  counted(progress: readonly Progress[]): void {
    for (const { split, position, counts } of progress) {
      const records = this.#ledger(split).records.slice(0, Number(position.ordinal));
      const rejected = records.filter(({ reject }) => reject !== null).length;
      const written = records.filter((record) => record.rows.length > 0).length;
      if (counts.read !== records.length || counts.rejected !== rejected || counts.written !== written) {
        this.violate(
          `${split}: ${JSON.stringify(counts)} at ${position.ordinal}, but ${written} written and ${rejected} rejected are due`,
        );
      }
    }
  }

  /** Everything was consumed. */
  consumed(progress: readonly Progress[]): void {
    for (const [split, { records }] of this.#splits) {
      const ordinal = progress.find((row) => row.split === split)?.position.ordinal ?? 0n;
      if (ordinal !== BigInt(records.length)) this.violate(`${split} ended at ${ordinal} of ${records.length}`);
    }
  }

  /** The same, and every reject is kept, once. */
  complete(progress: readonly Progress[], rejects: readonly Reject[]): void {
    this.consumed(progress);
    for (const [split, { records }] of this.#splits) {
      const due = records.flatMap(({ reject }, at) => (reject === null ? [] : [this.#tell(at, reject)]));
      const kept = this.#mine(rejects)
        .filter((reject) => reject.split === split)
        .map((reject) => this.#tellReject(reject));
      compare(due.toSorted(), kept.toSorted(), (message) => this.violate(`rejects of ${split}: ${message}`));
    }
  }

  /** Exactly the rejects of everything before a position, in a place that they have to themselves or share. */
  kept(
    advances: readonly { readonly split: string; readonly to: { readonly ordinal: bigint } }[],
    rejects: readonly Reject[],
    which: "all" | "common",
  ): void {
    const isDue = ({ sink }: { readonly sink?: string | undefined }): boolean => which === "all" || sink === undefined;
    for (const { split, to } of advances) {
      const kept = this.#mine(rejects)
        .filter((reject) => isDue(reject) && reject.split === split && reject.position.ordinal < to.ordinal)
        .map((reject) => this.#tellReject(reject));
      const due = this.#ledger(split)
        .records.slice(0, Number(to.ordinal))
        .flatMap(({ reject }, at) => (reject === null || !isDue(reject) ? [] : [this.#tell(at, reject)]));
      compare(due.toSorted(), kept.toSorted(), (message) =>
        this.violate(`rejects of ${split} before ${to.ordinal}: ${message}`),
      );
    }
  }

  #groupRows(rows: readonly string[]): ReadonlyMap<string, readonly string[]> {
    return Map.groupBy(rows, this.#splitOf);
  }

  /** Those behind what was there before. */
  #groupAdded(rows: readonly string[]): ReadonlyMap<string, readonly string[]> {
    compare(this.#base, rows.slice(0, this.#base.length), (message) => this.violate(`what was there: ${message}`));
    const perSplit = this.#groupRows(rows.slice(this.#base.length));
    for (const split of perSplit.keys()) if (!this.#splits.has(split)) this.violate(`rows of ${split}, which has none`);
    return perSplit;
  }

  #checkStep({ split, epoch, from, to }: Advance, ledger: SplitLedger): void {
    if (Number(from) !== ledger.ordinal)
      this.violate(`${split} advanced from ${from}, but it stood at ${ledger.ordinal}`);
    if (to.ordinal <= from) this.violate(`${split} advanced from ${from} to ${to.ordinal}`);
    if (epoch < ledger.epoch) this.violate(`${split}: epoch ${epoch} after ${ledger.epoch}`);
    ledger.epoch = epoch;
  }

  #advance({ split, from, to }: Advance, ledger: SplitLedger, rows: readonly string[]): void {
    const expected = ledger.records.slice(Number(from), Number(to.ordinal)).flatMap((record) => record.rows);
    this.#compareRows(`${split} from ${from} to ${to.ordinal}`, rows, expected);
    ledger.rows += rows.length;
    ledger.bytes += rows.reduce((sum, row) => sum + Buffer.byteLength(row) + 1, 0);
  }

  #compareRows(where: string, rows: readonly string[], expected: readonly string[]): void {
    compare(expected, rows.map(canonicalRow), (message) => this.violate(`rows of ${where}: ${message}`));
  }

  /** Those of this sink and of none in particular; others share the place. */
  #mine(rejects: readonly Reject[]): readonly Reject[] {
    return rejects.filter(({ sink = this.#sink }) => sink === this.#sink);
  }

  #checkRejects(
    { split, from, to }: Advance,
    ledger: SplitLedger,
    rejects: readonly Reject[],
    which: DueRejects,
  ): void {
    const due = ledger.records.slice(Number(from), Number(to.ordinal)).flatMap(({ reject }, index) => {
      const isDue = which === "all" || (which === "own" && reject?.sink !== undefined);
      return reject !== null && isDue ? [this.#tell(Number(from) + index, reject)] : [];
    });
    const got = rejects.filter((reject) => reject.split === split).map((reject) => this.#tellReject(reject));
    // Those that the sink itself refused come behind the others of their chunk.
    compare(due.toSorted(), got.toSorted(), (message) =>
      this.violate(`rejects of ${split} from ${from} to ${to.ordinal}: ${message}`),
    );
  }

  #checkCounts({ split, to, counts }: Advance, ledger: SplitLedger): void {
    if (!isBalanced(counts) || BigInt(counts.read) !== to.ordinal)
      this.violate(`${split}: the ledger does not balance: ${JSON.stringify(counts)}`);
    const done = ledger.records.slice(0, Number(to.ordinal));
    const written = done.filter((record) => record.rows.length > 0).length;
    const rejected = done.filter(({ reject }) => reject !== null).length;
    if (
      counts.written !== written ||
      counts.rejected !== rejected ||
      counts.emitted !== ledger.rows ||
      counts.bytes !== ledger.bytes
    ) {
      this.violate(
        `${split} at ${to.ordinal}: counted ${JSON.stringify(counts)}; due are ${written} written, ${rejected} rejected, ` +
          `${ledger.rows} emitted, ${ledger.bytes} bytes`,
      );
    }
  }

  #tellReject({ position, raw, rawEncoding, sink, output, line, ...reject }: Reject): string {
    const { ordinal, token } = position;
    return this.#tell(Number(ordinal), { ...reject, sink, output, line, token, raw: `${rawEncoding} ${raw}` });
  }

  #tell(ordinal: number, { sink, token, line, stage, code, output, raw }: ExpectedReject): string {
    const where = `token ${this.#tokens ? token : "?"} line ${line ?? ""}`;
    return `${String(ordinal).padStart(6)} ${stage} ${code} ${sink ?? ""} ${output ?? ""} ${where} ${raw.slice(0, 80)}`;
  }

  #ledger(split: string): SplitLedger {
    const ledger = this.#splits.get(split);
    if (ledger !== undefined) return ledger;
    this.violate(`there is no split ${split}`);
    return { records: [], ordinal: 0, epoch: 0, rows: 0, bytes: 0, rejected: 0 };
  }
}

function compare(expected: readonly string[], got: readonly string[], violate: (message: string) => void): void {
  const at = expected.findIndex((text, index) => text !== got[index]);
  if (at === -1 && expected.length === got.length) return;
  const index = at === -1 ? expected.length : at;
  violate(
    `${expected.length} expected, ${got.length} there; number ${index} is ${got[index] ?? "missing"}, not ${expected[index] ?? "there"}`,
  );
}
