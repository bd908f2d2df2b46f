/** Sums and means. */
import { MillraceError } from "../core/errors.ts";
import { DecimalScanner, divideDecimal, formatDecimal } from "./decimal.ts";
import type { Measure } from "./measure.ts";
import { shownValue } from "./shown-value.ts";
import {
  addBigint,
  addDecimal,
  addNumber,
  addSum,
  emptySum,
  sumAsDecimal,
  sumAsNumber,
  sumResult,
  type SumState,
} from "./sum-state.ts";

/** The sum of a field: exact for whole numbers, bigints and decimals, rounded once for doubles. Nulls do not count. */
export class Sum implements Measure<SumState> {
  readonly field: string;
  readonly create = emptySum;
  readonly merge = addSum;
  readonly #what: string;
  readonly #scanner = new DecimalScanner();
  #taken: unknown = null;

  /** @param what the measure, for messages: `sum` */
  constructor(field: string, what = "sum") {
    this.field = field;
    this.#what = what;
  }

  take(value: unknown): void {
    this.#taken = value;
    if (value === null || value === undefined || typeof value === "number" || typeof value === "bigint") return;
    if (typeof value === "string" && this.#scanner.scan(value)) return;
    throw new MillraceError(
      "VALUE_INVALID",
      `${JSON.stringify(this.field)}: ${this.#what} takes numbers, bigints and decimals as text, found ${shownValue(value)}`,
    );
  }

  fold(state: SumState): void {
    const value = this.#taken;
    if (typeof value === "string") addDecimal(state, this.#scanner);
    else if (typeof value === "number") addNumber(state, value);
    else if (typeof value === "bigint") addBigint(state, value);
  }

  result(state: SumState): unknown {
    return sumResult(state);
  }
}

/**
 * The mean of a field. Of numbers a double: their exact sum divided by their count. Of bigints and decimals a decimal, with
 * the digits that Postgres' `avg` gives.
 */
export class Mean extends Sum {
  constructor(field: string) {
    super(field, "avg");
  }

  override result(state: SumState): unknown {
    if (state.count === 0) return null;
    if (state.kind === "number") return sumAsNumber(state) / state.count;
    const sum = sumAsDecimal(state);
    return sum === undefined ? String(sumAsNumber(state)) : formatDecimal(divideDecimal(sum, BigInt(state.count)));
  }
}
