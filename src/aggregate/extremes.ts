/** Least and greatest values. */
import { MillraceError } from "../core/errors.ts";
import type { ColumnType } from "../core/record.ts";
import { compareDecimals, type Decimal, parseDecimal } from "./decimal.ts";
import { compareValues } from "./group-key.ts";
import type { Measure } from "./measure.ts";
import { shownValue } from "./shown-value.ts";

/** The extreme so far; null: no value yet. */
interface ExtremeState {
  best: unknown;
  /** Its number, where it is a decimal. */
  decimal: Decimal | null;
}

/**
 * The least or greatest value of a field; nulls do not count.
 *
 * Texts are compared as texts, decimals by their number. A text that looks like a number in a field whose type is not
 * declared could be meant as either, so it is refused: "9" is greater than "10", or it is not.
 */
export class Extreme implements Measure<ExtremeState> {
  readonly field: string;
  readonly #direction: 1 | -1;
  readonly #type: ColumnType | undefined;
  #taken: unknown = null;
  #decimal: Decimal | null = null;

  constructor(field: string, which: "min" | "max", type: ColumnType | undefined) {
    this.field = field;
    this.#direction = which === "min" ? -1 : 1;
    this.#type = type;
  }

  create(): ExtremeState {
    return { best: null, decimal: null };
  }

  take(value: unknown): void {
    this.#taken = value ?? null;
    this.#decimal = typeof value === "string" ? this.#decimalOf(value) : null;
    if (Number.isNaN(value)) this.#taken = null;
  }

  fold(state: ExtremeState): void {
    if (this.#taken !== null) this.#offer(state, this.#taken, this.#decimal);
  }

  merge(into: ExtremeState, { best, decimal }: ExtremeState): void {
    if (best !== null) this.#offer(into, best, decimal);
  }

  result({ best }: ExtremeState): unknown {
    return best;
  }

  #offer(state: ExtremeState, value: unknown, decimal: Decimal | null): void {
    if (state.best !== null) {
      const both = decimal !== null && state.decimal !== null;
      const order = both ? compareDecimals(decimal, state.decimal as Decimal) : compareValues(value, state.best);
      if (order * this.#direction <= 0) return;
    }
    state.best = value;
    state.decimal = decimal;
  }

  #decimalOf(text: string): Decimal | null {
    if (this.#type !== undefined && this.#type !== "decimal") return null;
    const decimal = parseDecimal(text);
    if (this.#type === undefined && decimal === undefined) return null;
    if (this.#type === "decimal" && decimal !== undefined) return decimal;
    const field = JSON.stringify(this.field);
    throw new MillraceError(
      "VALUE_INVALID",
      this.#type === "decimal"
        ? `${field}: expected a decimal, found ${shownValue(text)}`
        : `${field}: ${shownValue(text)} can be compared as a number or as text; declare it in columns: "decimal" or "string"`,
    );
  }
}
