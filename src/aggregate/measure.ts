/** One figure of a group. */

/**
 * Takes values and folds them into states. A record is looked at by all measures before any of them folds it, so that a
 * record which one of them refuses has changed nothing. States are plain data: threads make them, the main side merges them.
 */
export interface Measure<State = unknown> {
  /** The field whose values it takes; null: it counts records. */
  readonly field: string | null;
  create(): State;
  /** Looks at a value and keeps it for `fold`. @throws MillraceError VALUE_INVALID */
  take(value: unknown): void;
  /** Folds the value that was taken last. */
  fold(state: State): void;
  /** Adds what another state has. */
  merge(into: State, from: State): void;
  /** The figure; null where no record had a value. */
  result(state: State): unknown;
}
