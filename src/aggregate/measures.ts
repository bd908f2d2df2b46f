/** Every measure by its spec. */
import type { ColumnType } from "../core/record.ts";
import { Count, CountDistinct } from "./counts.ts";
import { Extreme } from "./extremes.ts";
import type { Measure } from "./measure.ts";
import type { AggregateSpec, MeasureSpec } from "./spec.ts";
import { Mean, Sum } from "./sums.ts";

/** The measure that a spec describes. */
export function measureOf(spec: MeasureSpec, columns: AggregateSpec["columns"] = {}): Measure {
  if (spec === "count") return new Count();
  if ("countDistinct" in spec) return new CountDistinct(spec.countDistinct);
  if ("sum" in spec) return new Sum(spec.sum);
  if ("avg" in spec) return new Mean(spec.avg);
  const [which, field] = "min" in spec ? (["min", spec.min] as const) : (["max", spec.max] as const);
  return new Extreme(field, which, typeOf(columns, field));
}

function typeOf(columns: NonNullable<AggregateSpec["columns"]>, field: string): ColumnType | undefined {
  const column = Object.hasOwn(columns, field) ? columns[field] : undefined;
  return typeof column === "object" ? column.type : column;
}
