/**
 * The ground truth: what has to become of every record of a split.
 *
 * A split is decoded in one piece, so nothing of the runtime that cuts, sends, orders, counts or resumes takes part. What
 * the transform does is written down here a second time, as is what the sink refuses.
 */
import { MillraceError } from "../../src/core/errors.ts";
import type { DecodeRequest, DecodeSpec } from "../../src/core/ports/format.ts";
import { encodeRaw, type RejectStage } from "../../src/core/reject.ts";
import { formatByName } from "../../src/formats/catalog.ts";
import type { Mended } from "./plan.ts";
import type { SourceSplit } from "./world/source.ts";

/** A record that has to be rejected. */
export interface ExpectedReject {
  /** The sink that refuses it; undefined: no sink in particular. */
  readonly sink: string | undefined;
  readonly token: string;
  readonly line: number | undefined;
  readonly stage: RejectStage;
  readonly code: string;
  readonly output: number | undefined;
  readonly raw: string;
}

/** What has to become of one record in one sink. */
export interface ExpectedRecord {
  /** As the sink has them, in a canonical spelling. */
  readonly rows: readonly string[];
  readonly reject: ExpectedReject | null;
}

/** How the job treats records on their way to one sink. */
export interface Treatment {
  readonly decode: DecodeSpec;
  readonly transform: boolean;
  /** Which of the transforms that were mended; null: the one that was not. */
  readonly mended: Mended | null;
  readonly route: boolean;
  readonly sink: string;
  /** Names of all. */
  readonly sinks: readonly string[];
  /** Whether the sink has a check constraint, and a unique one. */
  readonly check: boolean;
  readonly unique: boolean;
}

/** A row as it is compared: JSON in one spelling. */
export function canonicalRow(text: string): string {
  return JSON.stringify(JSON.parse(text));
}

interface Item {
  readonly id?: unknown;
  readonly n?: number | null;
  readonly note?: unknown;
}

type Fate =
  | { readonly outputs: readonly object[] }
  | { readonly stage: RejectStage; readonly code: string; readonly output?: number };

/** What has to become of a split's records, in their order. */
export function expectedRecords(split: SourceSplit, treatment: Treatment): readonly ExpectedRecord[] {
  const batch = formatByName(treatment.decode.format).decoder(treatment.decode).decode(requestOf(split));
  if (batch.end !== split.bytes.byteLength)
    throw new MillraceError("INVARIANT", "the decoder left something of a whole split");
  const numbers = new Set<number>();
  return Array.from({ length: batch.count }, (_, record) => {
    const read = batch.read(record);
    const fate: Fate =
      "fault" in read
        ? { stage: "decode", code: read.fault.code }
        : written(
            routed(
              treatment.transform ? transformed(read.record as Item, treatment) : { outputs: [read.record as object] },
              treatment,
            ),
            treatment,
            numbers,
          );
    if ("outputs" in fate) return { rows: fate.outputs.map((output) => JSON.stringify(output)), reject: null };
    const { raw, rawEncoding } = encodeRaw(split.bytes.subarray(batch.start(record), batch.stop(record)));
    const line = split.ends === null ? 1 + batch.line(record) : undefined;
    const token = split.ends === null ? String(batch.start(record)) : String(record);
    const sink = fate.stage === "write" ? treatment.sink : undefined;
    return { rows: [], reject: { ...fate, sink, output: fate.output, token, line, raw: `${rawEncoding} ${raw}` } };
  });
}

function requestOf({ bytes, ends, fields }: SourceSplit): DecodeRequest {
  return {
    bytes,
    final: true,
    truncated: false,
    ...(ends === null ? {} : { ends }),
    ...(fields === undefined ? {} : { fields }),
  };
}

function transformed(item: Item, { mended }: Treatment): Fate {
  const transform = (code: string): Fate => ({ stage: "transform", code });
  if (mended !== null) return mendedFate(item, mended);
  switch (String(item.note).split(" ")[0]) {
    case "drop":
    case "empty":
      return { outputs: [] };
    case "twin":
      return { outputs: [{ ...item }, { ...item, n: (item.n ?? 0) + 5_000 }] };
    case "refuse":
      return transform("TRANSFORM_REJECTED");
    case "throw":
      return transform("TRANSFORM_FAILED");
    case "nothing":
      return transform("TRANSFORM_NO_RESULT");
    case "crash":
      return transform("TRANSFORM_CRASHED");
    case "hang":
      return transform("TRANSFORM_TIMEOUT");
    default:
      return { outputs: [{ ...item }] };
  }
}

/** `mended.ts`, told a second time. */
function mendedFate(item: Item, mended: Mended): Fate {
  const [word, ...others] = String(item.note).split(" ");
  const [split = 0, line = 0] = String(item.id).slice(1).split("#").map(Number);
  const n = 1_000_000 * (split + 1) + line;
  const isWhole = mended === "whole";
  if (word === "refuse" && !isWhole) return { stage: "transform", code: "TRANSFORM_REJECTED" };
  if (word === "crash" && !isWhole) return { stage: "transform", code: "TRANSFORM_CRASHED" };
  if (word === "throw") return { outputs: [] };
  if (word === "forbidden") return { outputs: [{ ...item, n, note: ["allowed", ...others].join(" ") }] };
  if (word === "twin") {
    const note = isWhole ? "twin" : item.note;
    const twin = { ...item, n: n + 5_000, note };
    return { outputs: [{ ...item, n, note }, twin] };
  }
  return { outputs: [{ ...item, n }] };
}

/** What a sink is given of a record: `routed.ts`, told a second time. */
function routed(fate: Fate, { route, sink, sinks }: Treatment): Fate {
  if (!route || !("outputs" in fate)) return fate;
  const transform = (code: string): Fate => ({ stage: "transform", code });
  const mine: object[] = [];
  for (const output of fate.outputs) {
    const { n } = output as Item;
    const way = wayOf((n ?? 0) % 16);
    if (typeof way === "string") return transform(way);
    if (way.some((name) => !sinks.includes(name))) return transform("ROUTE_UNKNOWN");
    if (way.includes(sink)) mine.push(output);
  }
  return { outputs: mine };
}

function wayOf(turn: number): readonly string[] | string {
  const named: { readonly [turn: number]: readonly string[] | string } = {
    1: ["a"],
    2: ["b"],
    3: ["a", "b"],
    4: [],
    5: [],
    6: "TRANSFORM_NO_RESULT",
    7: "TRANSFORM_FAILED",
    8: ["a", "c"],
    9: ["c"],
  };
  return named[turn] ?? ["a", "b"];
}

/** What the sink says to a record's rows; a record is refused as a whole, for the first row that is. */
function written(fate: Fate, { check, unique }: Treatment, numbers: Set<number>): Fate {
  if (!("outputs" in fate)) return fate;
  const mine = new Set<number>();
  for (const [index, output] of fate.outputs.entries()) {
    const { n, note } = output as Item;
    const taken = unique && typeof n === "number" && (numbers.has(n) || mine.has(n));
    if (taken || (check && String(note).includes("forbidden"))) {
      return { stage: "write", code: "ROW_REFUSED", ...(fate.outputs.length > 1 ? { output: index } : {}) };
    }
    if (typeof n === "number") mine.add(n);
  }
  for (const number of mine) numbers.add(number);
  return fate;
}
