/** Groups records and measures the groups. */
import { GroupTable } from "../aggregate/group-table.ts";
import type { AggregateSpec, GroupRecord, MeasureSpecs } from "../aggregate/spec.ts";
import type { ColumnsInput } from "../core/inferred-record.ts";
import { isMillraceError, MillraceError } from "../core/errors.ts";
import { nearestName } from "../core/nearest.ts";
import { batchesOf, type Items } from "../runtime/batches-of.ts";
import { columnsOf, RecordStream } from "./record-stream.ts";
import { type OnReject, type RejectedOutput, turnAway } from "./stream-reject.ts";

/** How records are aggregated. */
export interface AggregateOptions<Field extends string, Measures extends MeasureSpecs> {
  /** Fields whose values tell groups apart; none: one group of all records. */
  readonly groupBy: readonly Field[];
  /** `count`, or `sum`, `min`, `max`, `avg`, `countDistinct` of a field, by the name that the group's record gets. */
  readonly measures: Measures;
  /** Types of fields that did not come with the records: whether texts are compared as numbers. */
  readonly columns?: ColumnsInput;
  /** What becomes of a record with a value that a measure cannot take; `throw` by default. */
  readonly onReject?: OnReject<RejectedOutput>;
}

const MEASURES = ["sum", "min", "max", "avg", "countDistinct"];

/**
 * The groups of the records, in the order of what they are grouped by, once all records were read.
 *
 * Memory grows with the groups, not with the records. Nulls and missing fields are a group of their own and count in no
 * measure but `count`. Sums of whole numbers, bigints and decimals (as text, as `readCsv` gives them) are exact; those of
 * other numbers are the exact sum, rounded once.
 *
 * @throws MillraceError CONFIG_INVALID for a measure that does not exist; while iterating, VALUE_INVALID for the first
 *   value that a measure cannot take unless there is an `onReject`
 * @example
 * const revenue = aggregate(orders, {
 *   groupBy: ["country"],
 *   measures: { orders: "count", revenue: { sum: "amount" }, largest: { max: "amount" } },
 * });
 * for await (const { country, orders, revenue: sum } of revenue) console.log(country, orders, sum);
 */
export function aggregate<T, const Field extends string, const Measures extends MeasureSpecs>(
  records: Items<T>,
  options: AggregateOptions<Field, Measures>,
): RecordStream<GroupRecord<T, Field, Measures>> {
  const { groupBy, measures, columns, onReject = "throw" } = options;
  Object.entries(measures).forEach(([name, spec]) => assertMeasure(name, spec));
  const spec = { groupBy, measures, columns: { ...columnsOf(records), ...columns } };
  return new RecordStream(
    () => groupsOf(records, spec, onReject) as AsyncGenerator<readonly GroupRecord<T, Field, Measures>[]>,
  );
}

async function* groupsOf<T>(
  records: Items<T>,
  spec: AggregateSpec,
  onReject: OnReject<RejectedOutput>,
): AsyncGenerator<readonly object[]> {
  const table = new GroupTable(spec);
  let ordinal = 0;
  for await (const batch of batchesOf(records)) {
    for (const record of batch) {
      try {
        table.add(record);
      } catch (thrown) {
        if (!isMillraceError(thrown)) throw thrown;
        const { code, message } = thrown;
        turnAway({ stage: "aggregate", code, message, ordinal, record }, onReject);
      }
      ordinal++;
    }
  }
  const groups = table.records();
  if (groups.length > 0) yield groups;
}

function assertMeasure(name: string, spec: unknown): void {
  const [kind, ...others] = typeof spec === "object" && spec !== null ? Object.keys(spec) : [];
  const field = kind === undefined ? undefined : (spec as { readonly [kind: string]: unknown })[kind];
  const known = kind !== undefined && others.length === 0 && MEASURES.includes(kind) && typeof field === "string";
  if (spec === "count" || known) return;
  const wrong = kind ?? String(spec);
  const nearest = nearestName(wrong, [...MEASURES, "count"]);
  const hint = nearest === undefined || nearest === wrong ? "" : ` (did you mean ${nearest}?)`;
  throw new MillraceError(
    "CONFIG_INVALID",
    `aggregate: measures.${name}: expected "count" or {${MEASURES.join(" | ")}: field}, got ${JSON.stringify(spec)}${hint}`,
  );
}
