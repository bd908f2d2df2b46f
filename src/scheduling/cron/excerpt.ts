/** A piece of a cron expression that knows where it stands, and how a mistake in it is told. */
import { MillraceError } from "../../core/errors.ts";

/** Part of an expression. */
export interface Excerpt {
  readonly expression: string;
  /** Where `text` begins, counted from 0. */
  readonly start: number;
  readonly text: string;
}

/** What is wrong with an expression, as `details.mistake` of the error holds it. */
export interface CronMistake {
  readonly expression: string;
  /** Counted from 1, in UTF-16 units. */
  readonly column: number;
  /** The field it belongs to, `day of week`; empty for the expression as a whole. */
  readonly field: string;
  /** What the field takes, in words that show nothing of the expression that is not a plain number or name. */
  readonly allowed: string;
}

/** The parts between separators; there is always at least one. */
export function partsOf({ expression, start, text }: Excerpt, separator: string): Excerpt[] {
  let next = start;
  return text.split(separator).map((part) => {
    const excerpt = { expression, start: next, text: part };
    next += part.length + separator.length;
    return excerpt;
  });
}

/** The words of an expression. */
export function wordsOf(expression: string): Excerpt[] {
  return [...expression.matchAll(/\S+/g)].map(({ index, 0: text }) => ({ expression, start: index, text }));
}

/** @throws MillraceError CONFIG_INVALID with `details.mistake`, always */
export function refuse({ expression, start, text }: Excerpt, field: string, allowed: string): never {
  const found = /^[\w@]+$/.test(text) ? text : JSON.stringify(text);
  const subject = field === "" ? text : `${field} ${found}`;
  const mistake: CronMistake = { expression, column: start + 1, field, allowed };
  throw new MillraceError(
    "CONFIG_INVALID",
    `${JSON.stringify(expression)}: column ${mistake.column}: ${subject === "" ? "" : `${subject}: `}${allowed}`,
    { details: { mistake } },
  );
}

/** The mistake that an error of {@link refuse} tells; undefined for any other error. */
export function cronMistake(thrown: unknown): CronMistake | undefined {
  return thrown instanceof MillraceError ? (thrown.details["mistake"] as CronMistake | undefined) : undefined;
}
